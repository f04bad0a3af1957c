import { MockActivityEnvironment } from "@temporalio/testing";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBuiltinLabeling } from "../adapters/labeling/builtin.ts";
import { drawn, SETTINGS, TASK, writeFrames } from "../adapters/labeling/contract.test-suite.ts";
import { NO_EXTERNAL_TOOLS, type BuiltinLabeling, type ExternalLabeling } from "../adapters/labeling/labeling.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { InputError, type InputStatus } from "../domain/errors.ts";
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

/** A tool of others that answers as it is told; the adapters themselves pass their contract elsewhere. */
function externalTool(answers: Partial<ExternalLabeling>): ReturnType<typeof createLabelingSteps> {
  const cvat: ExternalLabeling = {
    name: "cvat",
    request: async (options) => await tool.request(options),
    read: async (options) => await tool.read(options),
    progress: async (options) => await tool.progress(options),
    reject: async (options) => await tool.reject(options),
    url: async () => "http://cvat.lab/tasks/7",
    webhook: async () => null,
    approval: async () => ({ frames: await tool.read(of), approvedBy: "carol" }),
    ...answers,
  };
  return createLabelingSteps({ storage, labeling: tool, externalLabeling: { ...NO_EXTERNAL_TOOLS, cvat }, publicUrl: "https://actverse.lab" });
}
const inCvat = { ...SETTINGS, labeling: { ...SETTINGS.labeling, tool: "cvat" as const, people: ["bob"] } };

describe("with a tool of others", () => {
  const claim = { claim_id: "h1", source: "cvat" };
  const input = { ...of, settings: inCvat, claim };

  it("says where people label, whom a reminder is for, and how much is left", async () => {
    const external = externalTool({});
    expect(await runStep(external.requestLabeling, { ...of, settings: inCvat })).toMatchObject({ tool: "cvat", url: "http://cvat.lab/tasks/7" });
    await review([0, 25]);
    const reminder = { to: ["ann", "bob"], title: `flies - ${TASK}`, url: "http://cvat.lab/tasks/7", frames: 10, frames_left: 8 };
    expect(await runStep(external.remindLabelers, { ...of, settings: inCvat })).toEqual(reminder);
    const away = externalTool({ progress: async () => Promise.reject(new Error("away")) });
    expect(await runStep(away.remindLabelers, { ...of, settings: inCvat })).toEqual({ ...reminder, url: `https://actverse.lab/task/${TASK}`, frames: null, frames_left: null });
    expect(await runStep(external.remindLabelers, { ...of, settings: SETTINGS })).toMatchObject({ to: ["ann"], url: `https://actverse.lab/label/${TASK}` });
  });

  it("takes what the tool holds, as approved by whom it names; the same whenever it is read", async () => {
    const external = externalTool({});
    await runStep(external.requestLabeling, { ...of, settings: inCvat });
    await review(ALL);
    const first = await runStep(external.verifyApproval, input);
    expect(first).toMatchObject({ holds: true, approvedBy: "carol", frames: 10 });
    expect(await runStep(external.verifyApproval, { ...input, claim: { ...claim, claim_id: "h2" } })).toEqual(first);
  });

  it("leaves out what is not reviewed where the person who approved said so", async () => {
    const asked: boolean[] = [];
    const external = externalTool({
      approval: async ({ allowPartial }) => {
        asked.push(allowPartial);
        return { frames: await tool.read(of), approvedBy: "carol" };
      },
    });
    await runStep(external.requestLabeling, { ...of, settings: inCvat });
    await review([0, 100, 200]);
    expect(await runStep(external.verifyApproval, input)).toMatchObject({ holds: false, reason: expect.stringContaining("7 of 10") as string });
    expect(await runStep(external.verifyApproval, { ...input, claim: { ...claim, allow_partial: true, by: "bob" } })).toMatchObject({ holds: true, frames: 3, leftOut: 7 });
    expect(asked).toEqual([false, true]);
  });

  it("goes on waiting where the tool says not approved, and fails with what to do where a person must mend the tool", async () => {
    const problem = (status: InputStatus, field = "jobs") => externalTool({ approval: async () => Promise.reject(new InputError({ field, message: "no.", whatToDo: "Do it.", status })) });
    for (const status of [400, 409, 422] as const) expect(await runStep(problem(status).verifyApproval, await begun(input))).toEqual({ holds: false, reason: "no. Do it." });
    for (const status of [401, 403, 404] as const) await expect(runStep(problem(status).verifyApproval, input)).rejects.toMatchObject({ name: "InputError", whatToDo: "Do it." });
    const notSetUp = createLabelingSteps({ storage, labeling: tool, externalLabeling: NO_EXTERNAL_TOOLS, publicUrl: null });
    await expect(runStep(notSetUp.verifyApproval, input)).rejects.toMatchObject({ field: "labeling.tool" });
    await expect(runStep(notSetUp.requestLabeling, { ...of, settings: inCvat })).rejects.toMatchObject({ field: "labeling.tool" });
  });

  it("that is away is tried again, and then says which tool it is and what to do", async () => {
    const away = externalTool({ approval: async () => Promise.reject(new Error("fetch failed")), request: async () => Promise.reject(new Error("fetch failed")) });
    const failure = { nonRetryable: false, message: expect.stringMatching(/labeling tool unreachable: CVAT.*fetch failed/) as string, details: [{ field: "labeling.tool", what_to_do: expect.stringMatching(/ACTVERSE_CVAT_URL.*retry/) as string }] };
    await expect(runStep(away.requestLabeling, { ...of, settings: inCvat })).rejects.toMatchObject(failure);
    await expect(runStep(away.verifyApproval, await begun(input))).rejects.toMatchObject(failure);
  });

  it("is not asked for a claim that comes from another tool", async () => {
    const external = externalTool({ approval: async () => Promise.reject(new Error("asked")) });
    expect(await runStep(external.verifyApproval, await begun({ ...input, claim: { claim_id: "x", source: "label-studio" } }))).toMatchObject({ holds: false, reason: expect.stringContaining("Label Studio") as string });
  });

  const begun = async <I>(given: I): Promise<I> => {
    await request();
    return given;
  };
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
