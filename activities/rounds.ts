import type { FrameLabels, FrameList, Prelabels, Snapshot } from "../domain/labels.ts";
import { readJson, readJsonIfThere } from "../adapters/storage/storage.ts";
import type { ModelRef } from "../domain/detections.ts";
import { InputError } from "../domain/errors.ts";
import { isExternal } from "../domain/labeling-tools.ts";
import { frameKeys, labelKeys, taskKeys } from "../domain/layout.ts";
import type { RoundOutcome, TaskState } from "../domain/state.ts";
import type { DownloadOutput, OpenRoundInput, OpenRoundOutput } from "../domain/steps.ts";
import type { StepName } from "../domain/task.ts";
import type { Deps } from "./deps.ts";
import { talkTo, toolOf } from "./labeling-tool.ts";
import { longStep } from "./step-context.ts";

/** A later round of a task: the same video and frames, and the labels of the round before as its start. */
export function createRoundSteps(deps: Pick<Deps, "storage" | "labeling" | "externalLabeling">) {
  const { storage } = deps;

  /** The frames of the round before, copied: what a round has is its own. A list that is there already (another number of frames was asked for) stays. */
  async function framesOf({ taskId, round, before }: OpenRoundInput): Promise<FrameList> {
    const keys = frameKeys(taskId, round);
    const there = await readJsonIfThere<FrameList>(storage, keys.list);
    if (there !== null) return there;
    const earlier = await readJson<FrameList>(storage, frameKeys(taskId, before).list);
    const list: FrameList = { ...earlier, frames: earlier.frames.map((frame) => ({ ...frame, image_key: keys.image(frame.frame) })) };
    for (const { frame, image_key } of earlier.frames) await storage.put(keys.image(frame), { file: await storage.localPath(image_key) });
    await storage.put(keys.list, JSON.stringify(list, null, 2));
    return list;
  }

  /** The labels as the tool holds them now, with what people changed there since; what was approved, where the tool no longer has them. */
  async function labelsBefore({ taskId, before, settings }: OpenRoundInput): Promise<FrameLabels[]> {
    const { tool } = settings.labeling;
    try {
      return await talkTo(tool, () => toolOf(deps, tool).read({ taskId, round: before }));
    } catch (error) {
      if (!(error instanceof InputError && error.status === 404)) throw error;
      return (await readJson<Snapshot>(storage, labelKeys(taskId, before).snapshot)).frames;
    }
  }

  return {
    openRound: (input: OpenRoundInput): Promise<OpenRoundOutput> =>
      longStep(async ({ report }) => {
        const { taskId, round, before, settings } = input;
        const record = await readJson<TaskState>(storage, taskKeys(taskId).record);
        const recordKey = taskKeys(taskId).recordOf(record.round);
        await storage.put(recordKey, JSON.stringify(record, null, 2));

        const list = await framesOf(input);
        const labels = new Map((await labelsBefore(input)).map((frame) => [frame.frame, frame]));
        const found = list.frames.map(({ frame, image_key }) => ({ frame, image_key, labels: labels.get(frame) }));
        const frames = found.map(({ frame, labels: of }) => ({ frame, objects: (of?.objects ?? []).map((object) => ({ ...object, confirmed: false })) }));
        await storage.put(labelKeys(taskId, round).prelabels, JSON.stringify({ source: `round ${before}`, frames } satisfies Prelabels));

        // On our own page a frame that a person reviewed stays reviewed; elsewhere people confirm each frame again.
        const reviewed = isExternal(settings.labeling.tool) ? [] : found.flatMap(({ labels: of, image_key }) => (of?.status === "reviewed" ? [{ ...of, image_key, version: 1 }] : []));
        for (const [done, frame] of reviewed.entries()) {
          await storage.createIfAbsent(labelKeys(taskId, round).edit(frame.frame, 1), JSON.stringify(frame satisfies FrameLabels));
          report({ done: done + 1, total: reviewed.length, unit: "frames" });
        }
        return {
          video: resultOf(record, "download") as unknown as DownloadOutput,
          frames: { framesKey: frameKeys(taskId, round).list, numFrames: list.frames.length, notes: [] },
          reviewed: reviewed.length,
          objects: frames.reduce((sum, frame) => sum + frame.objects.length, 0),
          rounds: [...(record.rounds ?? []), outcomeOf(record, recordKey)],
        };
      }),
  };
}

/** What a step made. Throws InputError where the record does not have it. */
function resultOf(record: TaskState, step: StepName): Record<string, unknown> {
  const result = record.steps.find(({ name }) => name === step)?.result ?? null;
  if (result === null) throw new InputError({ field: "round", message: `the record of round ${record.round} does not say what ${step} made`, whatToDo: `retry from ${step}` });
  return result;
}

/** A record in short, for the list of earlier rounds. */
export function outcomeOf(record: TaskState, recordKey: string): RoundOutcome {
  const made = (step: StepName): Record<string, unknown> => record.steps.find(({ name }) => name === step)?.result ?? {};
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const model = made("deployment")["model"] as ModelRef | undefined;
  return {
    round: record.round,
    status: record.status,
    ended_at: record.ended_at,
    approved_by: text(made("labeling")["approvedBy"]),
    snapshot_key: text(made("labeling")["snapshotKey"]),
    sha256: text(made("labeling")["sha256"]),
    model: model === undefined ? null : `${model.name}@${model.version}`,
    metrics: (made("training")["metrics"] as Record<string, number> | undefined) ?? {},
    result_path: text(made("inference")["resultKey"]),
    record_key: recordKey,
  };
}
