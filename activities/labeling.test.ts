import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBuiltinLabeling } from "../adapters/labeling/builtin.ts";
import { drawn, SETTINGS, TASK, writeFrames } from "../adapters/labeling/contract.test-suite.ts";
import { NO_EXTERNAL_TOOLS, type BuiltinLabeling } from "../adapters/labeling/labeling.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { snapshotHash } from "../domain/hash.ts";
import type { Snapshot } from "../domain/labels.ts";
import { labelKeys } from "../domain/layout.ts";
import type { VerifyInput, VerifyOutput } from "../domain/steps.ts";
import { createLabelingSteps } from "./labeling.ts";

const of = { taskId: TASK, round: 1 };
const keys = labelKeys(TASK, 1);
let root: string;
let storage: Storage;
let tool: BuiltinLabeling;
let steps: ReturnType<typeof createLabelingSteps>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-labeling-"));
  storage = createLocalStorage({ root });
  tool = createBuiltinLabeling({ storage });
  steps = createLabelingSteps({ storage, labeling: tool, externalLabeling: NO_EXTERNAL_TOOLS, publicUrl: null });
  await writeFrames(storage);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const runStep = <I, O>(step: (input: I) => Promise<O>, input: I): Promise<O> => new MockActivityEnvironment().run(step, input);
const request = () => runStep(steps.requestLabeling, { ...of, settings: SETTINGS });
const verify = (claim: Partial<VerifyInput["claim"]>, settings = SETTINGS): Promise<VerifyOutput> => runStep(steps.verifyApproval, { ...of, settings, claim: { claim_id: "c1", source: "builtin", round: 1, ...claim } });
const review = async (frames: number[]): Promise<void> => {
  for (const frame of frames) await tool.save({ ...of, frame, basedOn: (await tool.frame({ ...of, frame })).version, reviewed: true, objects: [drawn("a", 60)], by: "ann" });
};
const ALL = Array.from({ length: 10 }, (_, i) => i * 25);
const approve = async (allowPartial = false) => {
  const { key, snapshot } = await tool.snapshot({ ...of, by: "bob", allowPartial });
  return { key, sha256: snapshot.sha256 };
};
/** A snapshot that nobody approved, with a hash that fits. */
const forged = async (change: Partial<Snapshot>, key?: string) => {
  const content = { ...(await readJson<Snapshot>(storage, (await approve()).key)), ...change };
  const sha256 = snapshotHash(content);
  await storage.put(key ?? keys.snapshotOf(sha256), JSON.stringify({ ...content, sha256 }));
  return { key: key ?? keys.snapshotOf(sha256), sha256 };
};

describe("requestLabeling", () => {
  it("makes the labeling task once, named by project and task", async () => {
    const output = { tool: "builtin", title: `flies - ${TASK}`, url: `/label/${TASK}`, frames: 10, prelabeled: 5 };
    expect(await request()).toEqual(output);
    const made = (await storage.read(keys.tool)).toString();
    expect(await request()).toEqual(output);
    expect((await storage.read(keys.tool)).toString()).toBe(made);
  });
});

describe("verifyApproval", () => {
  it("takes the labels of the moment of approval, however late it runs, and however often", async () => {
    await request();
    await review(ALL);
    const snapshot = await approve();
    await review([0, 25]);
    const output = { holds: true, snapshotKey: snapshot.key, sha256: snapshot.sha256, approvedBy: "bob", frames: 10, leftOut: 0, objects: 10 };
    expect(await verify({ snapshot })).toEqual(output);
    expect(await verify({ snapshot })).toEqual(output);
    const published = await readJson<Snapshot>(storage, keys.snapshot);
    expect(published.sha256).toBe(snapshot.sha256);
    expect(published.frames[0]).toMatchObject({ frame: 0, version: 1 });
  });

  it("holds for three of ten frames with a partial approval, given then or in the settings", async () => {
    await request();
    await review([0, 100, 200]);
    expect(await verify({ snapshot: await approve(true) })).toMatchObject({ holds: true, frames: 3, leftOut: 7 });
  });

  it.each<[string, Partial<Snapshot>, RegExp]>([
    ["another task", { task_id: "0000000task1" }, /another task or round/],
    ["another round", { round: 2 }, /another task or round/],
    ["frames left out without leave", { left_out: [225] }, /not of the frames/],
    ["no frames", { frames: [], left_out: ALL }, /no labels/],
    ["other classes", { classes: ["bee"] }, /other classes/],
  ])("refuses a snapshot of %s, although its hash fits", async (_what, change, reason) => {
    await request();
    await review(ALL);
    const answer = await verify({ snapshot: await forged(change) });
    expect(answer).toMatchObject({ holds: false, reason: expect.stringMatching(reason) as string });
    expect(await storage.size(keys.snapshot)).toBeNull();
  });

  it("refuses frames that nobody reviewed and objects that nobody confirmed or that break the rules", async () => {
    await request();
    await review(ALL);
    const { frames } = await readJson<Snapshot>(storage, (await approve()).key);
    const withFirst = (change: object) => ({ frames: frames.map((frame, i) => (i === 0 ? { ...frame, ...change } : frame)) });
    const [object] = frames[0]!.objects;
    for (const [change, reason] of [
      [{ status: "prelabeled" }, /not reviewed/],
      [{ objects: [{ ...object, confirmed: false }] }, /nobody confirmed/],
      [{ objects: [{ ...object, box: [0, 0, 9999, 10] }] }, /Frame 0: object "a".*outside/],
    ] as const) {
      expect(await verify({ snapshot: await forged(withFirst(change)) })).toMatchObject({ holds: false, reason: expect.stringMatching(reason) as string });
    }
  });

  it("refuses a key elsewhere, a missing file, a changed file and another round's claim", async () => {
    await request();
    await review(ALL);
    const snapshot = await approve();
    expect(await verify({ snapshot: await forged({}, "labels/0000000task0/evil.json") })).toMatchObject({ holds: false, reason: expect.stringContaining("not one of this task") as string });
    expect(await verify({ snapshot: { key: keys.snapshotOf("f".repeat(64)), sha256: "f".repeat(64) } })).toMatchObject({ holds: false, reason: expect.stringContaining("cannot be read") as string });
    expect(await verify({ snapshot, round: 2 })).toMatchObject({ holds: false, reason: expect.stringContaining("round 2") as string });
    await storage.put(snapshot.key, (await storage.read(snapshot.key)).toString().replace("bob", "eve"));
    expect(await verify({ snapshot })).toMatchObject({ holds: false, reason: expect.stringContaining("hashes differ") as string });
  });

  it("keeps labelers from approving where that is asked for", async () => {
    await request();
    await review(ALL);
    const strict = { ...SETTINGS, labeling: { ...SETTINGS.labeling, reviewer_not_labeler: true } };
    const own = await tool.snapshot({ ...of, by: "ann", allowPartial: false });
    expect(await verify({ snapshot: { key: own.key, sha256: own.snapshot.sha256 } }, strict)).toMatchObject({ holds: false, reason: expect.stringContaining("ann labeled 10") as string });
    expect(await verify({ snapshot: await approve() }, strict)).toMatchObject({ holds: true });
    expect(await verify({}, strict)).toMatchObject({ holds: false });
  });

  it("reads the tool back where a claim brings no snapshot; a retry makes the same one", async () => {
    expect(await verify({ source: "command line" })).toMatchObject({ holds: false, reason: expect.stringContaining("not begun") as string });
    await request();
    await review(ALL.slice(1));
    expect(await verify({ source: "command line" })).toMatchObject({ holds: false, reason: expect.stringContaining("1 of 10 frames are not reviewed: 0") as string });
    await review([0]);
    const first = await verify({ source: "command line" });
    expect(first).toMatchObject({ holds: true, approvedBy: "command line", frames: 10 });
    expect(await verify({ source: "command line" })).toEqual(first);
  });
});
