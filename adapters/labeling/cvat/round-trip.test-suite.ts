import { expect, it } from "vitest";
import type { LabeledObject } from "../../../domain/labels.ts";
import { labelKeys } from "../../../domain/layout.ts";
import { SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import { createHarness, TITLE, type TestedCvat } from "./cvat-harness.test-tools.ts";

const of = { taskId: TASK, round: 1 };
const request = { ...of, title: TITLE, settings: SETTINGS };

/** What our labels can hold, CVAT keeps: the same against our own server and a real one. */
export function roundTrips(cvat: () => TestedCvat): void {
  it("keeps pre-labels exactly: boxes, keypoints with their owner, visibility, track, source and score", async () => {
    const harness = await createHarness(cvat());
    await writeFrames(harness.storage, { count: 2 });
    const objects: LabeledObject[] = [
      { id: "m1", class: "fly", box: [100.123, 10.5, 140.25, 50.75], keypoints: [[105.5, 20.25, 2], [109.125, 30, 1], [0, 0, 0]], track: "female", source: "model:flies@3", confirmed: false, score: 0.875 },
      { id: "m2", class: "fly", box: [102, 12, 142, 52], keypoints: [[0, 0, 0], [110.5, 31, 2], [120, 33, 2]], track: "male", source: "model:flies@3", confirmed: false },
      { id: "m3", class: "fly", box: [0, 0, 640, 480], keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]], source: "motion", confirmed: false },
    ];
    await harness.storage.put(labelKeys(TASK, 1).prelabels, JSON.stringify({ source: "model", frames: [{ frame: 25, objects }] }));
    await harness.tool.request(request);
    const [empty, full] = await harness.tool.read(of);
    expect(empty).toMatchObject({ frame: 0, status: "unlabeled", objects: [] });
    expect(full!.objects).toEqual(objects);
  });

  it("keeps what a person drew, in whichever order, and says that it was a person", async () => {
    const harness = await createHarness(cvat(), { framesPerJob: 20 });
    await writeFrames(harness.storage, { count: 3 });
    await harness.tool.request(request);
    const drawn: LabeledObject[] = [
      { id: "x", class: "fly", box: [60, 10, 100, 50], keypoints: [[65.25, 20, 2], [69, 30, 1], [0, 0, 0]], track: "7", source: "motion", confirmed: false },
      { id: "y", class: "fly", box: [300, 10, 340, 50], keypoints: [[0, 0, 0], [0, 0, 0], [0, 0, 0]], source: "motion", confirmed: false },
    ];
    await harness.label({ round: 1, frame: 25, objects: drawn, reviewed: true, by: "ann" });
    const frame = (await harness.tool.read(of))[1]!;
    expect(frame.status).toBe("reviewed");
    const found = frame.objects.toSorted((a, b) => a.box[0]! - b.box[0]!);
    expect(found.map(({ id: _id, ...object }) => object)).toEqual(drawn.map(({ id: _id, ...object }) => ({ ...object, source: "person", confirmed: true })));
  });

  it("cuts frames into jobs, and takes only what is accepted", async () => {
    const harness = await createHarness(cvat(), { framesPerJob: 4 });
    await writeFrames(harness.storage);
    await harness.tool.request(request);
    const jobs = await harness.jobs();
    expect(jobs.map(({ start_frame, stop_frame }) => [start_frame, stop_frame])).toEqual([[0, 3], [4, 7], [8, 9]]);
    await expect(harness.tool.approval({ ...of, allowPartial: true })).rejects.toMatchObject({ name: "InputError", status: 409 });
    await harness.accept(jobs[1]!);
    await expect(harness.tool.approval({ ...of, allowPartial: false })).rejects.toMatchObject({ name: "InputError", status: 409, message: expect.stringContaining("2 of 3 jobs") as string, whatToDo: expect.stringContaining(`/jobs/${jobs[0]!.id}`) as string });
    const partial = await harness.tool.approval({ ...of, allowPartial: true });
    expect(partial.frames.filter(({ status }) => status === "reviewed").map(({ frame }) => frame)).toEqual([100, 125, 150, 175]);
    await harness.accept(jobs[0]!);
    await harness.accept(jobs[2]!);
    const { frames } = await harness.tool.approval({ ...of, allowPartial: false });
    expect(frames.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => "reviewed"));
    expect(frames[0]!.objects).toMatchObject([{ id: "m1", source: "motion", score: 0.8, confirmed: true }]);
  });
}
