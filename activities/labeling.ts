import { Context } from "@temporalio/activity";
import { readJson, readJsonIfThere, StorageError } from "../adapters/storage/storage.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { snapshotHash } from "../domain/hash.ts";
import { checkApproval, checkObjects } from "../domain/label-rules.ts";
import type { FrameList, LabelingTask, Snapshot } from "../domain/labels.ts";
import { frameKeys, labelKeys, labelingTitle } from "../domain/layout.ts";
import { externalOf, isExternal, LABELING_TOOLS, TOOL_TITLES, waitedFor, type LabelingToolName } from "../domain/labeling-tools.ts";
import { makeSnapshot } from "../domain/snapshot.ts";
import type { LabelingInput, LabelingOutput, ReminderOutput, StepInput, VerifyInput, VerifyOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { talkTo, toolOf } from "./labeling-tool.ts";
import { longStep } from "./step-context.ts";

const isToolName = (name: string): name is LabelingToolName => (LABELING_TOOLS as readonly string[]).includes(name);

/** Why a claim does not hold. */
class Refusal extends Error {}

/** A tool that is not set up, lets us in no more, or lost the project: waiting for other labels does not help, a person must mend it. */
const parks = (error: InputError): boolean => error.field === "labeling.tool" || [401, 403, 404].includes(error.status);

export function createLabelingSteps(deps: Pick<Deps, "storage" | "labeling" | "externalLabeling" | "publicUrl">) {
  const { storage, publicUrl } = deps;

  /** Where people label: the tool's own address, or our page. */
  const urlOf = async ({ taskId, round }: StepInput, tool: LabelingToolName): Promise<string> =>
    isExternal(tool) ? await externalOf(deps.externalLabeling, tool).url({ taskId, round }) : `${publicUrl ?? ""}/label/${taskId}`;

  /** Every frame as the tool has it, and who approved them there. */
  async function readBack({ taskId, round, claim, settings }: VerifyInput) {
    const { tool, allow_partial: allowed } = settings.labeling;
    const allowPartial = allowed || claim.allow_partial === true;
    if (!isExternal(tool)) {
      if (settings.labeling.reviewer_not_labeler) throw new Refusal("it does not say who approved, and labeling.reviewer_not_labeler asks for that");
      return { frames: await deps.labeling.read({ taskId, round }), approvedBy: claim.source, allowPartial };
    }
    const external = externalOf(deps.externalLabeling, tool);
    return { ...(await talkTo(tool, () => external.approval({ taskId, round, allowPartial }))), allowPartial };
  }

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

  /** A claim without a snapshot: what the tool says now is what was approved. */
  async function snapshotOfTool(input: VerifyInput): Promise<Snapshot> {
    const { taskId, round, claim, settings } = input;
    const { tool } = settings.labeling;
    if (claim.source !== tool && isToolName(claim.source)) throw new Refusal(`it comes from ${TOOL_TITLES[claim.source]}, and this task is labeled in ${TOOL_TITLES[tool]}`);
    const task = await readJsonIfThere<LabelingTask>(storage, labelKeys(taskId, round).tool);
    if (task === null) throw new Refusal("labeling has not begun");
    // The same time in every attempt, so that a retry makes the same snapshot.
    const approvedAt = new Date(Context.current().info.scheduledTimestampMs).toISOString();
    const snapshot = makeSnapshot({ task, ...(await readBack(input)), source: claim.source, approvedAt });
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
        const { tool: name } = settings.labeling;
        const tool = toolOf(deps, name);
        return await talkTo(name, async () => {
          const made = await tool.request({ taskId, round, title, settings });
          return { tool: tool.name, title, url: await urlOf({ taskId, round }, name), ...made };
        });
      }),

    /** Who is waited for, and for how much. A tool that does not answer is no reason not to remind. */
    remindLabelers: ({ taskId, round, settings }: LabelingInput): Promise<ReminderOutput> =>
      longStep(async ({ log }) => {
        const { tool } = settings.labeling;
        const to = waitedFor(settings);
        const title = labelingTitle(settings, taskId);
        try {
          const url = await urlOf({ taskId, round }, tool);
          const { frames, reviewed } = await toolOf(deps, tool).progress({ taskId, round });
          return { to, title, url, frames, frames_left: frames - reviewed };
        } catch (error) {
          log("the labeling tool does not say how much is labeled", { task_id: taskId, tool, reason: messageOf(error) });
          return { to, title, url: `${publicUrl ?? ""}/task/${taskId}`, frames: null, frames_left: null };
        }
      }),

    /** Whether labels are approved, and the snapshot that then trains. A claim that does not hold is an answer, not an error. */
    verifyApproval: (input: VerifyInput): Promise<VerifyOutput> =>
      longStep(async () => {
        const { taskId, round, claim, settings } = input;
        try {
          if ((claim.round ?? round) !== round) throw new Refusal(`it is for round ${claim.round}, and this is round ${round}`);
          const snapshot = claim.snapshot === undefined ? await snapshotOfTool(input) : await claimedSnapshot(input, claim.snapshot);
          await check(snapshot, input);
          const keys = labelKeys(taskId, round);
          const { sha256, frames } = snapshot;
          // For people and programs that want the approved labels of a task without knowing the hash.
          await storage.put(keys.snapshot, JSON.stringify(snapshot));
          const objects = frames.reduce((sum, frame) => sum + frame.objects.length, 0);
          return { holds: true, snapshotKey: keys.snapshotOf(sha256), sha256, approvedBy: snapshot.approved_by, frames: frames.length, leftOut: snapshot.left_out.length, objects };
        } catch (error) {
          if (error instanceof InputError && !(isExternal(settings.labeling.tool) && parks(error))) return { holds: false, reason: `${error.message} ${error.whatToDo}` };
          if (error instanceof Refusal) return { holds: false, reason: `The claim does not hold: ${error.message}.` };
          throw error;
        }
      }),
  };
}
