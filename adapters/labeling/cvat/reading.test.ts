import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FrameLabels } from "../../../domain/labels.ts";
import { labelKeys } from "../../../domain/layout.ts";
import { SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import { createHarness, removeFolders, TITLE, type CvatHarness } from "./cvat-harness.test-tools.ts";
import { startCvatServer, type CvatServer } from "./cvat-server.test-tools.ts";
import type { LabelMap } from "./label-specs.ts";
import type { CvatJob } from "./wire.ts";

const of = { taskId: TASK, round: 1 };

describe("reading what people drew in CVAT", () => {
  let server: CvatServer;
  let harness: CvatHarness;
  let labels: LabelMap;
  let job: CvatJob;
  beforeEach(async () => {
    server = await startCvatServer({ polls: 0 });
    harness = await createHarness(server, { framesPerJob: 20 });
    await writeFrames(harness.storage, { count: 5 });
    await harness.tool.request({ ...of, title: TITLE, settings: SETTINGS });
    labels = await harness.labels();
    job = (await harness.jobs())[0]!;
    await harness.client.send("PUT", `/api/jobs/${job.id}/annotations/`, { shapes: [] });
  });
  afterEach(() => server.close());
  afterAll(removeFolders);

  const box = (points: number[], more: object = {}) => ({ type: "rectangle", frame: 1, label_id: labels.box.get("fly")!.id, points, ...more });
  /** Points by keypoint: x, y, and whether it is occluded (1) or outside (0). */
  const skeleton = (points: [number, number, number][], more: object = {}) => ({
    type: "skeleton",
    frame: 1,
    label_id: labels.skeleton.get("fly")!.id,
    points: [],
    elements: points.map(([x, y, v], i) => ({ type: "points", frame: 1, label_id: labels.skeleton.get("fly")!.elements[i]!, points: [x, y], occluded: v === 1, outside: v === 0 })),
    ...more,
  });
  const draw = (data: { shapes?: object[]; tracks?: object[]; tags?: object[] }) => harness.client.send("PATCH", `/api/jobs/${job.id}/annotations/?action=create`, { shapes: [], tracks: [], tags: [], ...data });
  const frame = async (index = 1): Promise<FrameLabels> => (await harness.tool.read(of))[index]!;
  const problem = async (shapes: object[]): Promise<{ message: string; whatToDo: string }> => {
    await draw({ shapes });
    const error = await harness.tool.read(of).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "InputError", status: 422, field: "frames.25" });
    return error as { message: string; whatToDo: string };
  };

  it("finds a skeleton's box by its group, though another lies nearer", async () => {
    await draw({ shapes: [box([10, 10, 110, 110], { group: 4 }), box([20, 20, 90, 90], { group: 5 }), skeleton([[30, 30, 2], [40, 40, 2], [50, 50, 2]], { group: 4 }), skeleton([[31, 31, 2], [41, 41, 2], [51, 51, 1]], { group: 5 })] });
    expect((await frame()).objects.map((object) => [object.box[0], object.keypoints[0]![0], object.keypoints[2]![2]])).toEqual([[10, 30, 2], [20, 31, 1]]);
  });

  it("finds a skeleton's box by its place where nobody grouped them", async () => {
    await draw({ shapes: [box([10, 10, 110, 110]), box([100, 10, 200, 110]), skeleton([[120, 30, 2], [105, 40, 2], [150, 50, 2]]), skeleton([[50, 30, 2], [60, 40, 2], [0, 0, 0]])] });
    expect((await frame()).objects.map((object) => [object.box[0], object.keypoints[0]![0]])).toEqual([[10, 50], [100, 120]]);
  });

  it("asks for groups where a skeleton could belong to two boxes", async () => {
    const { message, whatToDo } = await problem([box([10, 10, 110, 110]), box([20, 20, 120, 120]), skeleton([[30, 30, 2], [40, 40, 2], [50, 50, 2]]), skeleton([[60, 60, 2], [70, 70, 2], [80, 80, 2]])]);
    expect(message).toContain("Frame 25: 2 of the skeletons could belong to more than one box");
    expect(whatToDo).toContain(`${server.url}/tasks/${job.task_id}/jobs/${job.id}?frame=1`);
  });

  it("asks for one class where a box was given another than the skeleton in its group", async () => {
    const project = server.store.projects.get((await harness.task()).cvat.project_id)!;
    const [skeletonLabel, boxLabel] = project.labels;
    const [bee, beeBox] = [9001, 9002];
    project.labels.push({ ...skeletonLabel!, id: bee, name: "bee", sublabels: skeletonLabel!.sublabels.map((sublabel) => ({ ...sublabel, id: sublabel.id + 9100 })) }, { ...boxLabel!, id: beeBox, name: "bee box", attributes: [{ ...boxLabel!.attributes[0]!, id: 9003 }] });
    await harness.storage.put(labelKeys(TASK, 1).tool, JSON.stringify({ ...(await harness.task()), classes: ["fly", "bee"] }));
    expect((await problem([box([10, 10, 110, 110], { group: 4, label_id: beeBox }), skeleton([[30, 30, 2], [40, 40, 2], [50, 50, 2]], { group: 4 })])).message).toContain('a skeleton of "fly" is grouped with a box of another class');
  });

  it("draws the box of a skeleton that has none around its points", async () => {
    await draw({ shapes: [skeleton([[30, 35, 2], [80, 40, 1], [400, 400, 0]])] });
    expect((await frame()).objects).toMatchObject([{ class: "fly", box: [30, 35, 80, 40], keypoints: [[30, 35, 2], [80, 40, 1], [0, 0, 0]], source: "person" }]);
  });

  it("takes what lies beyond the frame for absent, and cuts boxes at the border", async () => {
    await draw({ shapes: [box([-20, 100, 60, 500]), skeleton([[-5, 200, 2], [30, 200, 2], [40, 479.9, 2]])] });
    expect((await frame()).objects).toMatchObject([{ box: [0, 100, 60, 480], keypoints: [[0, 0, 0], [30, 200, 2], [40, 479.9, 2]] }]);
  });

  it.each([
    ["a rotated box", () => [box([10, 10, 50, 50], { rotation: 30 })], /rotated by 30 degrees/],
    ["a box without size", () => [box([10, 10, 10, 50])], /no size/],
    ["a box outside of the frame", () => [box([700, 10, 800, 50])], /outside of the frame/],
    ["a skeleton of one point without a box", () => [skeleton([[30, 35, 2], [0, 0, 0], [0, 0, 0]])], /too few/],
    ["a skeleton outside of the frame", () => [skeleton([[-30, 35, 2], [-20, 0, 2], [0, 0, 0]])], /outside of the frame/],
    ["two skeletons in one box", () => [box([10, 10, 110, 110]), skeleton([[30, 30, 2], [40, 40, 2], [50, 50, 2]]), skeleton([[60, 60, 2], [70, 70, 2], [80, 80, 2]])], /could belong/],
  ])("refuses %s, names the frame and counts on", async (_what, shapes, message) => {
    expect((await problem(shapes())).message).toMatch(message);
    expect((await harness.tool.progress(of)).frames).toBe(5);
  });

  it("refuses shapes of labels that somebody added in CVAT, and tags", async () => {
    const project = server.store.projects.get((await harness.task()).cvat.project_id)!;
    project.labels.push({ id: 9999, name: "leaf", type: "any", color: "", attributes: [], sublabels: [], svg: "" });
    expect((await problem([{ type: "polygon", frame: 1, label_id: 9999, points: [1, 1, 2, 2, 3, 3] }])).message).toContain('the label "leaf"');
    await harness.client.send("PUT", `/api/jobs/${job.id}/annotations/`, { tags: [{ frame: 1, label_id: 9999 }] });
    await expect(harness.tool.read(of)).rejects.toMatchObject({ status: 422, message: expect.stringContaining("a tag") as string });
  });

  it("follows a track between its key frames, until it is outside, as one animal", async () => {
    const key = (at: number, x: number, outside = false) => ({ type: "rectangle", frame: at, points: [x, 10, x + 40, 50], outside });
    await draw({ tracks: [{ frame: 1, label_id: labels.box.get("fly")!.id, group: 0, shapes: [key(1, 100), key(3, 200), key(4, 260, true)] }] });
    const frames = await harness.tool.read(of);
    expect(frames.map(({ objects }) => objects.map((object) => object.box[0]))).toEqual([[], [100], [150], [200], []]);
    expect(new Set(frames.flatMap(({ objects }) => objects.map(({ track }) => track))).size).toBe(1);
    expect(frames[2]!.objects[0]).toMatchObject({ source: "person", track: expect.stringMatching(/^t\d+$/) as string });
  });

  it("follows a skeleton's track by each of its points, with its box's track in the same group", async () => {
    const { id, elements } = labels.skeleton.get("fly")!;
    const point = (at: number, x: number, more: object = {}) => ({ type: "points", frame: at, points: [x, 20], ...more });
    const track = {
      frame: 0,
      label_id: id,
      group: 8,
      shapes: [{ type: "skeleton", frame: 0, points: [] }],
      elements: [
        { frame: 0, label_id: elements[0]!, shapes: [point(0, 100), point(4, 140)] },
        { frame: 0, label_id: elements[1]!, shapes: [point(0, 110), point(2, 110, { occluded: true })] },
        { frame: 0, label_id: elements[2]!, shapes: [point(0, 120, { outside: true }), point(3, 120)] },
      ],
    };
    const { id: boxLabel, track: attribute } = labels.box.get("fly")!;
    const around = { frame: 0, label_id: boxLabel, group: 8, attributes: [{ spec_id: attribute, value: "queen" }], shapes: [{ type: "rectangle", frame: 0, points: [90, 10, 150, 50] }] };
    await draw({ tracks: [track, around] });
    const frames = await harness.tool.read(of);
    expect(frames.map(({ objects }) => objects.map((object) => object.keypoints))).toEqual([
      [[[100, 20, 2], [110, 20, 2], [0, 0, 0]]],
      [[[110, 20, 2], [110, 20, 2], [0, 0, 0]]],
      [[[120, 20, 2], [110, 20, 1], [0, 0, 0]]],
      [[[130, 20, 2], [110, 20, 1], [120, 20, 2]]],
      [[[140, 20, 2], [110, 20, 1], [120, 20, 2]]],
    ]);
    expect(frames[4]!.objects[0]).toMatchObject({ track: "queen", box: [90, 10, 150, 50] });
  });

  it("leaves out frames that were deleted in CVAT, and does not approve without saying so", async () => {
    await harness.client.send("PATCH", `/api/tasks/${job.task_id}/data/meta`, { deleted_frames: [2] });
    await harness.accept(job);
    expect((await harness.tool.read(of)).map(({ status }) => status)).toEqual(["reviewed", "reviewed", "prelabeled", "reviewed", "reviewed"]);
    await expect(harness.tool.approval({ ...of, allowPartial: false })).rejects.toMatchObject({ status: 409, message: expect.stringContaining("1 frames were deleted in CVAT: 50") as string });
    expect((await harness.tool.approval({ ...of, allowPartial: true })).frames.filter(({ status }) => status === "reviewed")).toHaveLength(4);
  });

  it("does not count copies of jobs for quality control", async () => {
    server.store.jobs.set(9998, { ...server.store.jobs.get(job.id)!, id: 9998, type: "ground_truth" });
    await harness.accept(job);
    expect((await harness.tool.approval({ ...of, allowPartial: false })).frames.every(({ status }) => status === "reviewed")).toBe(true);
  });

  it("tells whom the accepted jobs were assigned to, and reads again what changes while it reads", async () => {
    await harness.client.send("PATCH", `/api/jobs/${job.id}`, { assignee: 3 });
    await draw({ shapes: [box([10, 10, 50, 50])] });
    await harness.accept(job);
    server.asked.splice(0);
    // Somebody saves while the first reading is under way.
    server.faults.push({
      when: "after",
      status: 200,
      matches: (method, path) => {
        const isRead = method === "GET" && path.includes("/annotations");
        if (isRead) Object.assign(server.store.jobs.get(job.id)!, { data: { version: 0, tags: [], shapes: [], tracks: [] }, updated_date: server.store.now() });
        return isRead;
      },
    });
    const { frames, approvedBy } = await harness.tool.approval({ ...of, allowPartial: false });
    expect(approvedBy).toBe("bob");
    expect(frames[1]!.objects).toEqual([]);
    expect(server.asked.filter((line) => line.includes(`/jobs/${job.id}/annotations`))).toHaveLength(2);
  });

  it("gives up where it never stands still", async () => {
    await harness.accept(job);
    for (let i = 0; i < 20; i++) server.faults.push({ when: "after", status: 200, matches: (method, path) => method === "GET" && path.includes("/annotations") && Boolean(Object.assign(server.store.jobs.get(job.id)!, { updated_date: server.store.now() })) });
    await expect(harness.tool.approval({ ...of, allowPartial: false })).rejects.toMatchObject({ status: 409, message: expect.stringContaining("change in CVAT while") as string });
  });

  it("writes a rejection as an issue that names its author, once, and shows people's own issues as comments", async () => {
    await harness.accept(job);
    for (let twice = 0; twice < 2; twice++) await harness.tool.reject({ ...of, comments: [{ frame: 25, comment: "the head is the tail" }], by: "bob" });
    const issues = [...server.store.issues.values()];
    expect(issues.map(({ frame: index, job: jobId, comments }) => [index, jobId, comments[0]!.message])).toEqual([[1, job.id, "the head is the tail\n— bob (Actverse)"]]);
    expect(await harness.client.get(`/api/jobs/${job.id}`)).toMatchObject({ stage: "annotation", state: "in progress" });
    await harness.client.send("POST", "/api/issues", { job: job.id, frame: 2, position: [1, 1, 5, 5], message: "who is this?" });
    expect((await harness.tool.read(of)).map(({ comment }) => comment)).toEqual([undefined, "the head is the tail", "who is this?", undefined, undefined]);
    await harness.client.send("PATCH", `/api/issues/${issues[0]!.id}`, { resolved: true });
    expect((await frame()).comment).toBeUndefined();
    await expect(harness.tool.reject({ ...of, comments: [{ frame: 26, comment: "no" }], by: "bob" })).rejects.toMatchObject({ name: "InputError", status: 404 });
  });
});
