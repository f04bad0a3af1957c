import { InputError } from "../../domain/errors.ts";
import { checkObjects } from "../../domain/label-rules.ts";
import type { FrameLabels, FrameStatus, LabeledObject, LabelingTask } from "../../domain/labels.ts";
import { labelKeys } from "../../domain/layout.ts";
import { makeSnapshot } from "../../domain/snapshot.ts";
import { readJsonIfThere, type Storage } from "../storage/storage.ts";
import { createFrameReader } from "./builtin-frames.ts";
import { describeLabeling, noFrames } from "./describe.ts";
import type { BuiltinLabeling, LabelingProgress } from "./labeling.ts";

const TRIES = 20;

interface Of {
  taskId: string;
  round: number;
}

/** Our own labeling page's store, in data_storage: no process holds state, so that any API process and any worker may serve it. */
export function createBuiltinLabeling({ storage }: { storage: Storage }): BuiltinLabeling {
  const reader = createFrameReader({ storage });

  async function taskOf({ taskId, round }: Of): Promise<LabelingTask> {
    const task = await readJsonIfThere<LabelingTask>(storage, labelKeys(taskId, round).tool);
    if (task === null) throw new InputError({ field: "task_id", message: `Task ${taskId} has no labeling in round ${round} yet.`, whatToDo: "Wait until its frames are extracted and pre-labeled.", status: 404 });
    // Two places for the same labels would be one too many.
    if (task.tool !== "builtin") throw new InputError({ field: "labeling.tool", message: `Task ${taskId} is labeled in another tool: ${task.tool}.`, whatToDo: "Open it there: the task's page and GET /labeling/{task_id} say where.", status: 409 });
    return task;
  }

  async function untouchedFrame(task: LabelingTask, number: number): Promise<FrameLabels> {
    const found = (await reader.untouched(task)).find(({ frame }) => frame === number);
    if (found === undefined) throw new InputError({ field: "frame", message: `Frame ${number} is not among the frames to label.`, whatToDo: "Take a frame of the list of this labeling task.", status: 404 });
    return found;
  }

  async function current(of: Of): Promise<FrameLabels[]> {
    const task = await taskOf(of);
    return await reader.overlaid(task, await storage.list(labelKeys(of.taskId, of.round).edits));
  }

  async function frameNow(task: LabelingTask, number: number): Promise<FrameLabels> {
    const untouched = await untouchedFrame(task, number);
    const edits = await storage.list(labelKeys(task.task_id, task.round).editsOf(number));
    // Versions have no holes: each is built on the one before.
    return (await reader.version(task, untouched, edits.length)) ?? untouched;
  }

  /** True where this is the frame's next version; false where somebody was first. */
  const publish = (of: Of, frame: FrameLabels): Promise<boolean> => storage.createIfAbsent(labelKeys(of.taskId, of.round).edit(frame.frame, frame.version), JSON.stringify(frame));

  return {
    name: "builtin",

    async request({ taskId, round, title, settings }) {
      const keys = labelKeys(taskId, round);
      const before = await readJsonIfThere<LabelingTask>(storage, keys.tool);
      const task = await describeLabeling(storage, { tool: "builtin", taskId, round, title, settings, before });
      const isSameVideo = before === null || before.video === task.video;
      if (!isSameVideo) for (const key of await storage.list(keys.edits)) await storage.remove(key);
      const frames = await reader.untouched(task);
      if (frames.length === 0) throw noFrames();
      await storage.put(keys.tool, JSON.stringify(task));
      return { frames: frames.length, prelabeled: frames.filter((frame) => frame.status === "prelabeled").length };
    },

    read: current,

    async progress(of): Promise<LabelingProgress> {
      const frames = await current(of);
      const count = (status: FrameStatus): number => frames.filter((frame) => frame.status === status).length;
      return { frames: frames.length, reviewed: count("reviewed"), prelabeled: count("prelabeled"), objects: frames.reduce((sum, frame) => sum + frame.objects.length, 0) };
    },

    frame: async (options) => await frameNow(await taskOf(options), options.frame),

    async save({ taskId, round, frame, basedOn, reviewed, objects, by }) {
      const task = await taskOf({ taskId, round });
      const untouched = await untouchedFrame(task, frame);
      const previous = Number.isSafeInteger(basedOn) && basedOn >= 0 ? await reader.version(task, untouched, basedOn) : null;
      const conflict = (): InputError => new InputError({ field: "version", message: `Frame ${frame} has changed since version ${basedOn}.`, whatToDo: "Load the frame again and repeat the change.", status: 409 });
      if (previous === null) throw conflict();
      checkObjects({ frame, width: previous.width, height: previous.height, classes: task.classes, keypoints: task.keypoints }, objects);
      const { comment, ...rest } = previous;
      const next: FrameLabels = {
        ...rest,
        status: statusOf(reviewed, objects),
        version: basedOn + 1,
        updated_by: by,
        updated_at: new Date().toISOString(),
        objects: objects.map((object) => authored(object, previous.objects, reviewed)),
        // A draft is not yet the answer to a reviewer's comment.
        ...(comment === undefined || reviewed ? {} : { comment }),
      };
      if (!(await publish({ taskId, round }, next))) throw conflict();
      return next;
    },

    async reject({ taskId, round, comments, by }) {
      const task = await taskOf({ taskId, round });
      for (const { frame } of comments) await untouchedFrame(task, frame);
      for (const { frame, comment } of comments) {
        for (let tries = 0; ; tries++) {
          const now = await frameNow(task, frame);
          // Rejected twice is rejected once.
          if (now.status !== "reviewed" && now.comment === comment) break;
          const objects = now.objects.map((object) => ({ ...object, confirmed: false }));
          const next = { ...now, objects, comment, status: statusOf(false, objects), version: now.version + 1, updated_by: by, updated_at: new Date().toISOString() };
          if (await publish({ taskId, round }, next)) break;
          if (tries === TRIES) throw new Error(`frame ${frame} of task ${taskId} changes all the time`);
        }
      }
    },

    async snapshot({ taskId, round, by, allowPartial }) {
      const task = await taskOf({ taskId, round });
      const keys = labelKeys(taskId, round);
      // Edits are only ever added: where the list is the same before and after reading, it was all there was at one moment between.
      let edits = await storage.list(keys.edits);
      for (let tries = 0; tries < TRIES; tries++) {
        const frames = await reader.overlaid(task, edits);
        const after = await storage.list(keys.edits);
        if (after.length === edits.length) {
          const snapshot = makeSnapshot({ task, frames, source: "builtin", approvedBy: by, approvedAt: new Date().toISOString(), allowPartial });
          const key = keys.snapshotOf(snapshot.sha256);
          await storage.createIfAbsent(key, JSON.stringify(snapshot));
          return { key, snapshot };
        }
        edits = after;
      }
      throw new InputError({ field: "frames", message: "The labels change while they are being approved.", whatToDo: "Ask the labelers to pause, and approve again.", status: 409 });
    },
  };
}

const statusOf = (reviewed: boolean, objects: LabeledObject[]): FrameStatus => {
  if (reviewed) return "reviewed";
  return objects.length > 0 ? "prelabeled" : "unlabeled";
};

/** What a person changed or drew is theirs, whatever the client says; what they left alone keeps its source. Confirming a frame confirms its objects. */
function authored(object: LabeledObject, previous: LabeledObject[], reviewed: boolean): LabeledObject {
  const before = previous.find(({ id }) => id === object.id);
  const shape = ({ class: name, box, keypoints }: LabeledObject): string => JSON.stringify([name, box, keypoints]);
  const { score: _claimed, ...drawn } = object;
  const confirmed = reviewed || object.confirmed;
  if (before === undefined || shape(before) !== shape(object)) return { ...drawn, source: "person", confirmed };
  return { ...drawn, source: before.source, confirmed, ...(before.score === undefined ? {} : { score: before.score }) };
}
