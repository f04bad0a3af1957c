import { Context } from "@temporalio/activity";
import { readJson, readJsonIfThere, StorageError } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { snapshotHash } from "../domain/hash.ts";
import { checkApproval, checkObjects } from "../domain/label-rules.ts";
import type { FrameList, LabelingTask, Snapshot } from "../domain/labels.ts";
import { frameKeys, labelKeys, labelingTitle } from "../domain/layout.ts";
import { makeSnapshot } from "../domain/snapshot.ts";
import type { LabelingInput, LabelingOutput, VerifyInput, VerifyOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { longStep } from "./step-context.ts";

/** Why a claim does not hold. */
class Refusal extends Error {}

export function createLabelingSteps({ storage, labeling }: Pick<Deps, "storage" | "labeling">) {
  /** The snapshot that the API wrote when a person approved: read back and checked as if anybody could have written it. */
  async function claimedSnapshot({ taskId, round }: VerifyInput, { key, sha256 }: { key: string; sha256: string }): Promise<Snapshot> {
    if (key !== labelKeys(taskId, round).snapshotOf(sha256)) throw new Refusal("its snapshot is not one of this task and round");
    const snapshot = await readJson<Snapshot>(storage, key).catch((error: unknown) => {
      if (error instanceof SyntaxError || (error instanceof StorageError && error.notFound)) throw new Refusal("its snapshot cannot be read");
      throw error;
    });
    if (snapshot.sha256 !== sha256 || snapshotHash(snapshot) !== sha256) throw new Refusal("its snapshot is not what was approved: the hashes differ");
    if (snapshot.task_id !== taskId || snapshot.round !== round) throw new Refusal("its snapshot belongs to another task or round");
    return snapshot;
  }

  /** Any other tool, and the command line: what the tool says now is what was approved. */
  async function snapshotOfTool({ taskId, round, claim, settings }: VerifyInput): Promise<Snapshot> {
    if (settings.labeling.reviewer_not_labeler) throw new Refusal("it does not say who approved, and labeling.reviewer_not_labeler asks for that");
    const task = await readJsonIfThere<LabelingTask>(storage, labelKeys(taskId, round).tool);
    if (task === null) throw new Refusal("labeling has not begun");
    // The same time in every attempt, so that a retry makes the same snapshot.
    const approvedAt = new Date(Context.current().info.scheduledTimestampMs).toISOString();
    const snapshot = makeSnapshot({ task, frames: await labeling.read({ taskId, round }), source: claim.source, approvedBy: claim.source, approvedAt, allowPartial: settings.labeling.allow_partial });
    await storage.createIfAbsent(labelKeys(taskId, round).snapshotOf(snapshot.sha256), JSON.stringify(snapshot));
    return snapshot;
  }

  /** Nothing of what the snapshot says is taken on trust: it must hold every extracted frame, reviewed or left out by the rules. */
  async function check(snapshot: Snapshot, { taskId, round, settings }: VerifyInput): Promise<void> {
    const { frames, left_out: leftOut, approved_by: approvedBy, classes, keypoints } = snapshot;
    const list = await readJson<FrameList>(storage, frameKeys(taskId, round).list);
    const numbers = [...frames.map(({ frame }) => frame), ...leftOut].toSorted((a, b) => a - b);
    if (numbers.join() !== list.frames.map(({ frame }) => frame).toSorted((a, b) => a - b).join()) throw new Refusal("its snapshot is not of the frames that were extracted");
    if (frames.some(({ status }) => status !== "reviewed")) throw new Refusal("its snapshot has frames that are not reviewed");
    if (frames.some(({ objects }) => objects.some(({ confirmed }) => !confirmed))) throw new Refusal("its snapshot has objects that nobody confirmed");
    if (classes.join("\n") !== settings.classes.join("\n") || keypoints.join("\n") !== settings.keypoints.join("\n")) throw new Refusal("its snapshot has other classes or keypoints than the task");
    checkApproval({ frames, leftOut, approvedBy }, { allowPartial: snapshot.allow_partial || settings.labeling.allow_partial, reviewerNotLabeler: settings.labeling.reviewer_not_labeler });
    for (const { frame, objects } of frames) checkObjects({ frame, width: list.width, height: list.height, classes, keypoints }, objects);
  }

  return {
    /** Makes the labeling task in the tool; again after a retry makes no second one. */
    requestLabeling: ({ taskId, round, settings }: LabelingInput): Promise<LabelingOutput> =>
      longStep(async () => {
        const title = labelingTitle(settings, taskId);
        return { tool: labeling.name, title, ...(await labeling.request({ taskId, round, title, settings })) };
      }),

    /** Whether labels are approved, and the snapshot that then trains. A claim that does not hold is an answer, not an error. */
    verifyApproval: (input: VerifyInput): Promise<VerifyOutput> =>
      longStep(async () => {
        const { taskId, round, claim } = input;
        try {
          if (claim.round !== round) throw new Refusal(`it is for round ${claim.round}, and this is round ${round}`);
          const snapshot = claim.snapshot === undefined ? await snapshotOfTool(input) : await claimedSnapshot(input, claim.snapshot);
          await check(snapshot, input);
          const keys = labelKeys(taskId, round);
          const { sha256, frames } = snapshot;
          // For people and programs that want the approved labels of a task without knowing the hash.
          await storage.put(keys.snapshot, JSON.stringify(snapshot));
          const objects = frames.reduce((sum, frame) => sum + frame.objects.length, 0);
          return { holds: true, snapshotKey: keys.snapshotOf(sha256), sha256, approvedBy: snapshot.approved_by, frames: frames.length, leftOut: snapshot.left_out.length, objects };
        } catch (error) {
          if (error instanceof InputError) return { holds: false, reason: `${error.message} ${error.whatToDo}` };
          if (error instanceof Refusal) return { holds: false, reason: `The claim does not hold: ${error.message}.` };
          throw error;
        }
      }),
  };
}
