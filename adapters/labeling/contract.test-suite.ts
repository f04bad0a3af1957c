import { describe, expect, it } from "vitest";
import { InputError } from "../../domain/errors.ts";
import type { FrameLabels, FrameList, LabeledObject, Prelabels } from "../../domain/labels.ts";
import { frameKeys, labelKeys } from "../../domain/layout.ts";
import type { TaskSettings } from "../../domain/task.ts";
import type { Storage } from "../storage/storage.ts";
import type { LabelingTool } from "./labeling.ts";

export const TASK = "0000000task0";
export const SETTINGS: TaskSettings = {
  file_path: "/videos/flies.mp4",
  user_id: "ann",
  project: "flies",
  classes: ["fly"],
  keypoints: ["head", "wingL", "wingR"],
  skeleton: [[0, 1]],
  flip_idx: null,
  num_animals: 2,
  num_frames: 10,
  prelabel: "motion",
  labeling: { tool: "builtin", allow_partial: false, reviewer_not_labeler: false, remind_after: 86_400 },
  training: {},
  inference: { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: null },
  outputs: ["json"],
  upload: [],
};

/** An object as a motion pre-labeler makes it: a box alone. */
export const boxOf = (id: string, x: number): LabeledObject => ({ id, class: "fly", box: [x, 10, x + 40, 50], keypoints: [], source: "motion", confirmed: false, score: 0.8 });
/** The same, finished by a person. */
export const drawn = (id: string, x: number): LabeledObject => ({ id, class: "fly", box: [x, 10, x + 40, 50], keypoints: [[x + 5, 20, 2], [x + 9, 30, 1], [0, 0, 0]], source: "person", confirmed: false });

/** Frames 0, 25, 50, ... of a 640 x 480 video; every second one has a pre-label. */
export async function writeFrames(storage: Storage, { count = 10, round = 1 } = {}): Promise<FrameList> {
  const keys = frameKeys(TASK, round);
  const frames = Array.from({ length: count }, (_, i) => ({ frame: i * 25, time: i, image_key: keys.image(i * 25) }));
  const list: FrameList = { task_id: TASK, width: 640, height: 480, frames };
  const prelabels: Prelabels = { source: "motion", frames: frames.map(({ frame }, i) => ({ frame, objects: i % 2 === 0 ? [boxOf("m1", 100)] : [] })) };
  for (const { frame, image_key } of frames) await storage.put(image_key, `image ${frame}`);
  await storage.put(keys.list, JSON.stringify(list));
  await storage.put(labelKeys(TASK, round).prelabels, JSON.stringify(prelabels));
  return list;
}

export interface LabelingHarness {
  tool: LabelingTool;
  storage: Storage;
  /** A person in the tool draws these objects and, where `reviewed`, confirms the frame. */
  label(options: { round: number; frame: number; objects: LabeledObject[]; reviewed: boolean; by: string }): Promise<void>;
}

/** Every labeling tool passes this. */
export function labelingContract(kind: string, create: () => Promise<LabelingHarness>): void {
  const of = { taskId: TASK, round: 1 };
  const request = (harness: LabelingHarness, round = 1) => harness.tool.request({ taskId: TASK, round, title: `flies - ${TASK}`, settings: SETTINGS });
  const at = (frames: FrameLabels[], frame: number): FrameLabels => frames.find((f) => f.frame === frame)!;

  describe(`labeling contract: ${kind}`, () => {
    it("shows each extracted frame with its pre-labels, and one labeling task however often it is asked for", async () => {
      const harness = await create();
      await writeFrames(harness.storage);
      expect(await request(harness)).toEqual({ frames: 10, prelabeled: 5 });
      const before = await harness.tool.read(of);
      await harness.label({ round: 1, frame: 25, objects: [drawn("a", 60)], reviewed: true, by: "ann" });
      expect(await request(harness)).toEqual({ frames: 10, prelabeled: 5 });

      expect(before.map(({ frame, time, status }) => [frame, time, status])).toEqual(Array.from({ length: 10 }, (_, i) => [i * 25, i, i % 2 === 0 ? "prelabeled" : "unlabeled"]));
      expect(at(before, 0)).toMatchObject({ width: 640, height: 480, image_key: `frames/${TASK}/00000000.jpg`, objects: [{ class: "fly", box: [100, 10, 140, 50], source: "motion", confirmed: false, keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]] }] });
      expect(at(await harness.tool.read(of), 25).status).toBe("reviewed");
    });

    it("gives back what a person drew, confirmed where the frame is", async () => {
      const harness = await create();
      await writeFrames(harness.storage);
      await request(harness);
      await harness.label({ round: 1, frame: 25, objects: [drawn("a", 60), drawn("b", 300)], reviewed: true, by: "ann" });
      const frame = at(await harness.tool.read(of), 25);
      expect(frame.objects).toHaveLength(2);
      for (const object of frame.objects) expect(object).toMatchObject({ source: "person", confirmed: true });
      expect(frame.objects[1]!.box.map(Math.round)).toEqual([300, 10, 340, 50]);
      expect(frame.objects[1]!.keypoints.map(([x, y, v]) => [Math.round(x!), Math.round(y!), v])).toEqual([[305, 20, 2], [309, 30, 1], [0, 0, 0]]);
    });

    it("counts what is done", async () => {
      const harness = await create();
      await writeFrames(harness.storage);
      await request(harness);
      expect(await harness.tool.progress(of)).toEqual({ frames: 10, reviewed: 0, prelabeled: 5, objects: 5 });
      await harness.label({ round: 1, frame: 0, objects: [drawn("a", 60), drawn("b", 300)], reviewed: true, by: "ann" });
      await harness.label({ round: 1, frame: 25, objects: [], reviewed: true, by: "ann" });
      expect(await harness.tool.progress(of)).toEqual({ frames: 10, reviewed: 2, prelabeled: 4, objects: 6 });
    });

    it("sends a frame back with a comment, which is gone when it is reviewed again", async () => {
      const harness = await create();
      await writeFrames(harness.storage);
      await request(harness);
      for (const frame of [0, 25]) await harness.label({ round: 1, frame, objects: [drawn("a", 60)], reviewed: true, by: "ann" });
      for (let twice = 0; twice < 2; twice++) await harness.tool.reject({ ...of, comments: [{ frame: 25, comment: "the head is the tail" }], by: "bob" });
      const rejected = await harness.tool.read(of);
      expect(at(rejected, 25)).toMatchObject({ status: "prelabeled", comment: "the head is the tail", objects: [{ confirmed: false }] });
      expect(at(rejected, 0)).toMatchObject({ status: "reviewed" });
      await harness.label({ round: 1, frame: 25, objects: [drawn("a", 61)], reviewed: true, by: "ann" });
      const again = at(await harness.tool.read(of), 25);
      expect(again.status).toBe("reviewed");
      expect(again).not.toHaveProperty("comment");
    });

    it("keeps rounds apart", async () => {
      const harness = await create();
      await writeFrames(harness.storage);
      await writeFrames(harness.storage, { count: 3, round: 2 });
      await request(harness);
      await request(harness, 2);
      await harness.label({ round: 2, frame: 0, objects: [drawn("a", 60)], reviewed: true, by: "ann" });
      expect(await harness.tool.progress(of)).toMatchObject({ frames: 10, reviewed: 0 });
      expect(await harness.tool.progress({ ...of, round: 2 })).toMatchObject({ frames: 3, reviewed: 1 });
    });

    it("refuses a labeling task without frames, and one that was not asked for", async () => {
      const harness = await create();
      await writeFrames(harness.storage, { count: 0 });
      await expect(request(harness)).rejects.toBeInstanceOf(InputError);
      await expect(harness.tool.read({ ...of, round: 3 })).rejects.toMatchObject({ name: "InputError", status: 404 });
    });
  });
}
