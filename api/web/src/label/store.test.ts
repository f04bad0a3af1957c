import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FrameLabels, LabeledObject } from "../../../../domain/labels.ts";
import { ApiError, type LabelingTask } from "../api.ts";
import { createCommands } from "./commands.ts";
import { createLabelStore } from "./store.ts";

/** A server in memory that keeps the contract of the labeling routes: versions, conflicts, and what it was sent. */
function createServer() {
  const animal = (id: string, x: number): LabeledObject => ({ id, class: "mouse", box: [x, 10, x + 20, 30], keypoints: [[x + 10, 20, 0], [x + 10, 20, 0]], source: "motion", confirmed: false });
  const frames = new Map<number, FrameLabels>(
    [0, 10, 20].map((frame) => [frame, { frame, time: frame / 10, image_key: `f/${frame}`, width: 200, height: 100, status: "prelabeled", version: 0, updated_by: null, updated_at: null, objects: [animal("a", 10), animal("b", 60)] }]),
  );
  const puts: { frame: number; version: number; reviewed: boolean; objects: LabeledObject[] }[] = [];
  const server = {
    puts,
    frames,
    down: false,
    /** Takes the change, but its answer is lost. */
    loseAnswer: false,
    waiting: true,
    saveAs(frame: number, by: string, change: Partial<FrameLabels>): FrameLabels {
      const before = frames.get(frame)!;
      const next = { ...before, ...change, version: before.version + 1, updated_by: by, updated_at: "2026-01-01T00:00:00Z" };
      frames.set(frame, next);
      return next;
    },
    async labelingFrames(): Promise<LabelingTask> {
      const rows = [...frames.values()].map(({ frame, time, status, version, objects, updated_by }) => ({ frame, time, status, version, objects: objects.length, updated_by }));
      return { task_id: "t", round: 1, title: "t", classes: ["mouse", "rat"], keypoints: ["nose", "tail"], skeleton: [[0, 1]], num_animals: 2, reviewer_not_labeler: false, waiting: server.waiting, frames: rows };
    },
    async frame(_task: string, frame: number): Promise<FrameLabels> {
      return structuredClone(frames.get(frame)!);
    },
    async saveFrame(_task: string, frame: number, body: { version: number; reviewed: boolean; objects: LabeledObject[] }): Promise<FrameLabels> {
      puts.push({ frame, ...structuredClone(body) });
      if (server.down) throw new ApiError(0, { detail: "the server cannot be reached" });
      const current = frames.get(frame)!;
      if (current.version !== body.version) throw new ApiError(409, { detail: "changed", current: structuredClone(current) });
      const saved = server.saveAs(frame, "me", { objects: structuredClone(body.objects), status: body.reviewed ? "reviewed" : "prelabeled" });
      if (server.loseAnswer) {
        server.loseAnswer = false;
        throw new ApiError(0, { detail: "the answer was lost" });
      }
      return structuredClone(saved);
    },
  };
  return server;
}

async function open() {
  const server = createServer();
  const store = createLabelStore({ api: server, taskId: "t" });
  const commands = createCommands({ store, pictures: async () => null, carriesOver: () => false });
  await store.open(null);
  return { server, store, commands };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const settle = (ms = 350) => vi.advanceTimersByTimeAsync(ms);

describe("saving", () => {
  test("changes in a row are one save, and the next is based on its version", async () => {
    const { server, store, commands } = await open();
    commands.move("a", 5, 0);
    commands.move("a", 5, 0);
    expect(store.state().save.unsaved).toEqual([0]);
    await settle();
    expect(server.puts.map((put) => put.version)).toEqual([0]);
    expect(server.frames.get(0)?.objects[0]?.box).toEqual([20, 10, 40, 30]);
    expect(store.state().save.unsaved).toEqual([]);
    commands.remove("b");
    await settle();
    expect(server.puts.map((put) => put.version)).toEqual([0, 1]);
    expect(server.frames.get(0)?.objects.map((object) => object.id)).toEqual(["a"]);
  });

  test("what the server could not take is sent until it can", async () => {
    const { server, store, commands } = await open();
    server.down = true;
    commands.move("a", 5, 0);
    await settle();
    expect(store.state().save).toMatchObject({ unsaved: [0], message: expect.stringContaining("cannot be reached") as string });
    await settle(5000);
    expect(server.puts.length).toBeGreaterThan(2);
    server.down = false;
    await settle(10_000);
    expect(store.state().save).toEqual({ unsaved: [], message: null });
    expect(server.frames.get(0)?.objects[0]?.box).toEqual([15, 10, 35, 30]);
  });

  test("a save whose answer was lost is no conflict", async () => {
    const { server, store, commands } = await open();
    server.loseAnswer = true;
    commands.move("a", 5, 0);
    await settle();
    await settle(5000);
    expect(store.state().conflict).toBeNull();
    expect(store.state().save).toEqual({ unsaved: [], message: null });
    commands.move("a", 5, 0);
    await settle();
    expect(server.frames.get(0)).toMatchObject({ version: 2, objects: [{ box: [20, 10, 40, 30] }, {}] });
  });

  test("somebody else's labels are shown, not overwritten, and ours can be put back", async () => {
    const { server, store, commands } = await open();
    server.saveAs(0, "bob", { objects: [] });
    commands.move("a", 5, 0);
    await settle();
    expect(server.frames.get(0)).toMatchObject({ version: 1, updated_by: "bob", objects: [] });
    expect(store.current()?.objects).toEqual([]);
    expect(store.state().conflict).toMatchObject({ frame: 0, by: "bob" });
    expect(store.state().canUndo).toBe(false);
    await commands.putMineBack();
    await settle();
    expect(store.state().conflict).toBeNull();
    expect(server.frames.get(0)).toMatchObject({ version: 2, updated_by: "me", objects: [{ id: "a", box: [15, 10, 35, 30] }, { id: "b" }] });
    await commands.undo();
    expect(store.current()?.objects).toEqual([]);
  });

  test("what others saved meanwhile is taken in, but never over an unsaved change", async () => {
    const { server, store, commands } = await open();
    server.saveAs(10, "bob", { objects: [], status: "reviewed" });
    server.saveAs(0, "bob", { objects: [] });
    commands.move("a", 5, 0);
    await store.refresh();
    expect(store.current()?.objects).toHaveLength(2);
    expect(store.state().task?.frames.map((row) => [row.status, row.objects])).toEqual([["prelabeled", 2], ["reviewed", 0], ["prelabeled", 2]]);
    await store.goTo(10);
    expect(store.current()).toMatchObject({ version: 1, objects: [] });
  });

  test("flush waits for all frames", async () => {
    const { server, store, commands } = await open();
    commands.move("a", 5, 0);
    await store.goTo(10);
    commands.move("a", 7, 0);
    expect(await store.flush()).toBe(true);
    expect(server.puts.map((put) => put.frame)).toEqual([0, 10]);
    server.down = true;
    commands.move("a", 1, 0);
    expect(await store.flush()).toBe(false);
  });
});

describe("commands", () => {
  test("confirm and next confirms every animal, goes to the next open frame, and is undone as one", async () => {
    const { server, store, commands } = await open();
    await store.goTo(10);
    await commands.confirmAndNext();
    expect(store.state().frame).toBe(20);
    await commands.confirmAndNext();
    expect(store.state().frame).toBe(0);
    await settle();
    expect(server.frames.get(10)).toMatchObject({ status: "reviewed", objects: [{ confirmed: true }, { confirmed: true }] });
    await commands.undo();
    expect(store.state().frame).toBe(20);
    expect(store.current()).toMatchObject({ status: "prelabeled", objects: [{ confirmed: false }, { confirmed: false }] });
    await commands.redo();
    expect(store.current()?.status).toBe("reviewed");
  });

  test("a new animal asks for its keypoints; skipping, Esc and undo step through them", async () => {
    const { store, commands } = await open();
    commands.add([100, 40, 140, 80]);
    const id = store.state().selected!;
    expect(store.state().tool).toEqual({ kind: "place", id, keypoint: 0, only: false });
    commands.placeHere(110, 50, 2);
    expect(store.state().tool).toMatchObject({ keypoint: 1 });
    await commands.undo();
    expect(store.state().tool).toMatchObject({ kind: "place", keypoint: 0 });
    commands.skipKeypoint();
    commands.placeHere(130, 70, 1);
    expect(store.state().tool).toEqual({ kind: "select" });
    expect(commands.selectedObject()?.keypoints).toEqual([[120, 60, 0], [130, 70, 1]]);
    commands.startPlacing(id, 0);
    commands.escape();
    expect(store.state()).toMatchObject({ tool: { kind: "select" }, selected: id });
  });

  test("K goes on to the animals that have no keypoints yet", async () => {
    const { store, commands } = await open();
    commands.placeNext();
    expect(store.state().tool).toMatchObject({ id: "a", keypoint: 0 });
    commands.placeHere(15, 15, 2);
    commands.placeHere(25, 25, 2);
    commands.placeNext();
    expect(store.state().tool).toMatchObject({ id: "b", keypoint: 0 });
  });

  test("an undone animal is no longer selected", async () => {
    const { store, commands } = await open();
    commands.add([100, 40, 140, 80]);
    commands.escape();
    await commands.undo();
    expect(store.state()).toMatchObject({ selected: null, keypoint: null });
    expect(store.current()?.objects).toHaveLength(2);
  });

  test("takes over the animals of the frame before, as one step to undo", async () => {
    const { store, commands } = await open();
    commands.numberAll();
    commands.setKeypoint("a", 0, 15, 15);
    await store.goTo(10);
    const taken = commands.carryOver();
    await settle();
    await taken;
    expect(store.current()?.objects.map(({ track, confirmed, keypoints }) => [track, confirmed, keypoints[0]?.[2]])).toEqual([["1", false, 2], ["2", false, 0]]);
    await commands.undo();
    expect(store.current()?.objects.every((object) => object.track === undefined)).toBe(true);
  });

  test("there is nothing to take over before the first frame, and the page says so", async () => {
    const { store, commands } = await open();
    await commands.carryOver();
    expect(store.state().notice).toEqual({ what: "nothing-before" });
    commands.move("a", 1, 0);
    expect(store.state().notice).toBeNull();
  });

  test("an animal is interpolated in the frames between two of its places; one undo takes all of them back", async () => {
    const { server, store, commands } = await open();
    commands.setTrack("a", "1");
    commands.move("a", 20, 0);
    await store.goTo(20);
    commands.select("a");
    await commands.fillBetween();
    expect(store.state().notice).toEqual({ what: "identity-first" });
    commands.setTrack("a", "1");
    commands.move("a", 60, 40);
    await commands.fillBetween();
    expect(store.state()).toMatchObject({ notice: { what: "filled", frames: 1 }, frame: 20 });
    const filled = store.state().labels.get(10)!.objects;
    expect(filled.map(({ box, track, confirmed }) => ({ box, track, confirmed }))).toContainEqual({ box: [50, 30, 70, 50], track: "1", confirmed: false });
    await settle();
    expect(server.frames.get(10)!.objects).toEqual(filled);
    await commands.undo();
    expect(store.state().labels.get(10)!.objects).toHaveLength(2);
    expect(store.state().labels.get(10)!.objects.every(({ track }) => track === undefined)).toBe(true);
  });

  test("the rest of a skeleton wants two keypoints first, and says so", async () => {
    const { store, commands } = await open();
    commands.select("b");
    commands.setKeypoint("b", 0, 60, 20);
    commands.layRest();
    expect(store.state().notice).toEqual({ what: "pose-needs-two" });
    commands.setKeypoint("b", 1, 80, 20);
    expect(store.state().notice).toBeNull();
  });

  test("a box is drawn anew around its animal, whose keypoints stay", async () => {
    const { store, commands } = await open();
    commands.setKeypoint("b", 0, 70, 20);
    commands.select("b");
    commands.redraw();
    expect(store.state().tool).toEqual({ kind: "draw", id: "b" });
    commands.drawn([90, 50, 50, 5]);
    expect(store.current()?.objects[1]).toMatchObject({ box: [50, 5, 90, 50], keypoints: [[70, 20, 2], [70, 20, 0]] });
    expect(store.state()).toMatchObject({ selected: "b", tool: { kind: "select" } });
  });

  test("after a confirmation an untouched frame takes over the animals, where the page is set so; one undo gives its pre-labels back", async () => {
    const server = createServer();
    const store = createLabelStore({ api: server, taskId: "t" });
    const commands = createCommands({ store, pictures: async () => null, carriesOver: () => true });
    await store.open(null);
    commands.setKeypoint("a", 0, 15, 15);
    const gone = commands.confirmAndNext();
    await settle();
    await gone;
    expect(store.state().frame).toBe(10);
    expect(store.current()).toMatchObject({ status: "prelabeled" });
    expect(store.current()?.objects[0]).toMatchObject({ confirmed: false, keypoints: [[15, 15, 2], [20, 20, 0]] });
    await commands.undo();
    expect(store.current()?.objects[0]?.keypoints[0]?.[2]).toBe(0);
  });

  test("classes by number, for the selected animal and the next one", async () => {
    const { store, commands } = await open();
    commands.setClass("b", "rat");
    commands.add([100, 40, 140, 80]);
    expect(store.current()?.objects.map((object) => object.class)).toEqual(["mouse", "rat", "rat"]);
  });

  test("nothing changes while the task does not wait for labels", async () => {
    const { server, store, commands } = await open();
    server.waiting = false;
    await store.refresh();
    commands.move("a", 5, 0);
    commands.add([100, 40, 140, 80]);
    await commands.confirmAndNext();
    await settle();
    expect(server.puts).toEqual([]);
    expect(store.state().task?.frames.every((row) => row.status === "prelabeled")).toBe(true);
  });
});
