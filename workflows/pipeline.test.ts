import { WorkflowFailedError, type WorkflowHandle } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import type { EventName } from "../domain/events.ts";
import { makeId, workflowIdOf } from "../domain/ids.ts";
import { OUTPUTS } from "../domain/outputs.ts";
import type { TaskState } from "../domain/state.ts";
import type { ApprovalClaim } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { until } from "../scripts/child.ts";
import { labelingApproved, labelingRejected, labelingReopened, retry, stateQuery, type PipelineInput } from "./messages.ts";
import type { pipeline } from "./pipeline.ts";
import { VIDEO, createWorkflowLab, recordingActivities, settings } from "./workflow-lab.test-tools.ts";

/** The order of things and what is waited for, on a real server. What the steps do is tested with the steps. */

const lab = createWorkflowLab();

async function withTask(options: { activities: object; settings?: Partial<TaskSettings>; input?: Partial<PipelineInput>; record?: string }, body: (handle: WorkflowHandle<typeof pipeline>, taskId: string) => Promise<void>): Promise<void> {
  const taskId = makeId();
  const input: PipelineInput = { taskId, settings: { ...settings, ...options.settings }, createdAt: new Date().toISOString(), ...options.input };
  await lab.run<typeof pipeline>({ workflow: "pipeline", workflowId: workflowIdOf(taskId), input, activities: options.activities, record: options.record }, (handle) => body(handle, taskId));
}

const waiting = (handle: WorkflowHandle<typeof pipeline>, status: TaskState["status"]): Promise<TaskState> =>
  until(`the task to be ${status}`, 30, async () => {
    const state = await handle.query(stateQuery);
    return state.status === status ? state : null;
  });
const claim = (n: number, sha = "abc"): ApprovalClaim => ({ claim_id: `c${n}`, source: "builtin", round: 1, snapshot: { key: `labels/x/${sha}.json`, sha256: sha } });
const events = (state: TaskState): EventName[] => state.timeline.map((e) => e.event);

describe("pipeline", () => {
  it("goes from the video to the results, and waits for the approval in the middle", async () => {
    const { recorded, calls } = recordingActivities();
    await withTask({ activities: recorded, settings: { upload: [{ path: "/out" }] }, record: "completed" }, async (handle) => {
      const state = await waiting(handle, "waiting");
      expect(state.waiting_for).toContain("approval");
      expect(calls.map((c) => c.name)).toEqual(["downloadVideo", "extractFrames", "preInfer", "requestLabeling"]);
      await handle.signal(labelingApproved, claim(1));
      const end = await handle.result();
      expect(end.status).toBe("completed");
      expect(end.steps.map((s) => s.status)).toEqual(Array.from({ length: 9 }, () => "completed"));
      expect(events(end)).toEqual([
        "task.created", "video.download.requested", "video.downloaded", "frames.extraction.requested", "frames.extracted", "preinference.completed", "labeling.requested", "labeling.approved",
        "labeling.completed", "model.training.requested", "model.training.completed", "model.deployment.requested", "model.deployed", "inference.requested", "inference.completed", "results.uploaded", "task.completed",
      ]);
      expect(end.timeline.every((e) => e.data.task_id === end.task_id && e.at.endsWith("Z"))).toBe(true);
    });
  });

  it("makes the outputs that are asked for, after the quality that every task has", async () => {
    const made = async (outputs: TaskSettings["outputs"], record?: string): Promise<string[]> => {
      const { recorded, calls } = recordingActivities();
      await withTask({ activities: recorded, settings: { outputs }, ...(record === undefined ? {} : { record }) }, async (handle) => {
        await waiting(handle, "waiting");
        await handle.signal(labelingApproved, claim(1));
        await handle.result();
      });
      const names = calls.map((c) => c.name);
      return names.slice(names.indexOf("joinSegments") + 1).filter((name) => name !== "writeRecord");
    };
    expect(await made([...OUTPUTS], "all-outputs")).toEqual(["assessQuality", "exportCsv", "exportDlc", "exportViaTracks", "exportParquet", "exportLabels", "writeNotebook", "writeReport", "annotateVideo"]);
    expect(await made(["json", "dlc"])).toEqual(["assessQuality", "exportDlc"]);
  });

  it("trains once for the same claim ten times, and ignores claims of another round", async () => {
    const { recorded, count } = recordingActivities();
    await withTask({ activities: recorded }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, { ...claim(0), round: 2 });
      await Promise.all(Array.from({ length: 10 }, () => handle.signal(labelingApproved, claim(1))));
      await Promise.all(Array.from({ length: 10 }, (_, i) => handle.signal(labelingApproved, claim(i + 2))));
      await handle.result();
      expect(count("verifyApproval")).toBe(1);
      expect(count("trainModel")).toBe(1);
    });
  });

  it("takes the claim that came first, so that what was approved first trains", async () => {
    const { recorded, calls } = recordingActivities();
    await withTask({ activities: recorded }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, claim(1, "first"));
      await handle.signal(labelingApproved, claim(2, "second"));
      await handle.result();
      expect(calls.find((c) => c.name === "buildDataset")?.input).toMatchObject({ snapshotKey: "labels/x/first.json" });
    });
  });

  it("goes on waiting after a claim that does not hold and after a rejection, and says so", async () => {
    let asked = 0;
    const { recorded } = recordingActivities({
      verifyApproval: async () => ((asked += 1) === 1 ? { holds: false, reason: "3 frames are not reviewed" } : { holds: true, snapshotKey: "k", sha256: "s", approvedBy: "bob", frames: 7, leftOut: 3, objects: 9 }),
    });
    await withTask({ activities: recorded, record: "refused-and-rejected" }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, claim(1, "a"));
      await handle.signal(labelingRejected, { claim_id: "r1", round: 1, comments: [{ frame: 4, comment: "the tail" }], by: "bob" });
      await handle.signal(labelingApproved, claim(2, "b"));
      const end = await handle.result();
      expect(events(end).slice(6, 10)).toEqual(["labeling.requested", "labeling.claim_refused", "labeling.rejected", "labeling.approved"]);
      expect(end.timeline[7]?.data).toMatchObject({ reason: "3 frames are not reviewed" });
    });
  });

  it("reminds while it waits: whom, of which task, of how much", async () => {
    const { recorded } = recordingActivities();
    await withTask({ activities: recorded, settings: { labeling: { ...settings.labeling, remind_after: 1 } }, record: "reminded" }, async (handle) => {
      const { timeline } = await until("two reminders", 30, async () => {
        const state = await handle.query(stateQuery);
        return events(state).filter((e) => e === "labeling.reminder").length >= 2 ? state : null;
      });
      expect(timeline.find(({ event }) => event === "labeling.reminder")?.data).toMatchObject({ to: ["ann"], title: "test - x", url: "/label/x", frames_left: 4, round: 1 });
      await handle.signal(labelingApproved, claim(1));
      expect(await handle.result()).toMatchObject({ status: "completed", waiting_for: null });
    });
  });

  it("reminds the owner also where the tool does not say how much is left", async () => {
    const { recorded } = recordingActivities({ remindLabelers: async () => Promise.reject(ApplicationFailure.nonRetryable("away")) });
    await withTask({ activities: recorded, settings: { labeling: { ...settings.labeling, remind_after: 1 } } }, async (handle) => {
      await until("a reminder", 30, async () => events(await handle.query(stateQuery)).includes("labeling.reminder"));
      await handle.signal(labelingApproved, claim(1));
      expect((await handle.result()).timeline.find(({ event }) => event === "labeling.reminder")?.data).toMatchObject({ to: ["ann"], frames_left: null });
    });
  });

  it("verifies once more, not more often, for the claims that come while it verifies", async () => {
    let release = (): void => {};
    const first = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    const { recorded, count } = recordingActivities({
      verifyApproval: async () => {
        if ((asked += 1) > 1) return { holds: true, snapshotKey: "k", sha256: "s", approvedBy: "bob", frames: 10, leftOut: 0, objects: 9 };
        await first;
        return { holds: false, reason: "2 of 10 frames are not approved" };
      },
    });
    await withTask({ activities: recorded, settings: { labeling: { ...settings.labeling, tool: "cvat" } } }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, { claim_id: "h0", source: "cvat" });
      await until("the first check", 30, async () => asked === 1);
      await Promise.all(Array.from({ length: 30 }, (_, i) => handle.signal(labelingApproved, { claim_id: `h${i + 1}`, source: "cvat" })));
      release();
      await handle.result();
      expect([count("verifyApproval"), count("trainModel")]).toEqual([2, 1]);
    });
  });

  it("says that approved labels were reopened, once, and changes nothing", async () => {
    let release = (): void => {};
    const trained = new Promise<void>((resolve) => (release = resolve));
    const { recorded, count } = recordingActivities({
      deployModel: async ({ name }) => {
        await trained;
        return { model: { name, version: 1 }, endpoint: `onnx://${name}/1` };
      },
    });
    await withTask({ activities: recorded, settings: { labeling: { ...settings.labeling, tool: "cvat" } }, record: "reopened" }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingReopened, { claim_id: "o0", source: "cvat" }); // Not approved yet: people just work.
      await handle.signal(labelingApproved, { claim_id: "h0", source: "cvat" });
      await until("the deployment", 30, async () => count("deployModel") === 1);
      for (const n of [1, 2]) await handle.signal(labelingReopened, { claim_id: `o${n}`, source: "cvat" });
      await handle.signal(labelingRejected, { claim_id: "r1", comments: [{ frame: 1, comment: "no" }], by: "cvat" });
      release();
      const end = await handle.result();
      expect(end.timeline.filter(({ event }) => event === "labeling.reopened").map(({ data }) => data)).toEqual([{ task_id: end.task_id, round: 1, source: "cvat" }]);
      expect(events(end)).not.toContain("labeling.rejected");
      expect([count("verifyApproval"), count("trainModel")]).toEqual([1, 1]);
    });
  });

  it("parks with the reason when the labeling tool stays away, and takes up the claim after the retry", async () => {
    let away = true;
    const { recorded, calls, count } = recordingActivities({
      verifyApproval: async () => {
        if (away) throw ApplicationFailure.create({ message: "labeling tool unreachable: CVAT does not answer", nextRetryDelay: "1ms", details: [{ field: "labeling.tool", what_to_do: "see that CVAT runs" }] });
        return { holds: true, snapshotKey: "k", sha256: "s", approvedBy: "bob", frames: 10, leftOut: 0, objects: 9 };
      },
    });
    await withTask({ activities: recorded, settings: { labeling: { ...settings.labeling, tool: "cvat" } }, record: "tool-away" }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, { claim_id: "h0", source: "cvat" });
      const parked = await waiting(handle, "parked");
      expect(parked.steps[3]).toMatchObject({ status: "parked", reason: expect.stringContaining("labeling tool unreachable") as string, what_to_do: "see that CVAT runs" });
      expect(count("verifyApproval")).toBeGreaterThan(1);
      away = false;
      await handle.signal(retry, { step: "labeling" });
      expect((await handle.result()).status).toBe("completed");
      expect(calls.filter((c) => c.name === "verifyApproval").map((c) => (c.input as { claim: ApprovalClaim }).claim.claim_id).every((id) => id === "h0")).toBe(true);
      expect([count("requestLabeling"), count("trainModel")]).toEqual([2, 1]);
    });
  });

  it("reads a tool of others back by itself after a retry: what it said meanwhile, nobody heard", async () => {
    let away = true;
    const { recorded, calls } = recordingActivities({
      requestLabeling: async () => {
        if (away) throw ApplicationFailure.nonRetryable("away", "InputError");
        return { tool: "label-studio", title: "t", url: "http://label.lab/projects/1", frames: 10, prelabeled: 10 };
      },
    });
    await withTask({ activities: recorded, settings: { labeling: { ...settings.labeling, tool: "label-studio" } } }, async (handle) => {
      await waiting(handle, "parked");
      await handle.signal(labelingApproved, { claim_id: "h0", source: "label-studio" });
      away = false;
      await handle.signal(retry, { step: "labeling" });
      expect((await handle.result()).timeline.find(({ event }) => event === "labeling.requested")?.data).toMatchObject({ title: "t", url: "http://label.lab/projects/1" });
      expect(calls.filter((c) => c.name === "verifyApproval").map((c) => (c.input as { claim: ApprovalClaim }).claim.source)).toEqual(["label-studio"]);
    });
  });

  it("begins a later round with the labels, the video and the frames of an earlier one", async () => {
    const { recorded, calls } = recordingActivities();
    await withTask({ activities: recorded, input: { opens: { round: 2, before: 1 } }, record: "second-round" }, async (handle) => {
      const state = await waiting(handle, "waiting");
      expect(calls.map((c) => c.name)).toEqual(["openRound", "requestLabeling"]);
      expect(state).toMatchObject({ round: 2, rounds: [{ round: 1, model: "x@1" }] });
      expect(state.steps.slice(0, 4).map((s) => s.status)).toEqual(["completed", "completed", "completed", "waiting"]);
      expect(state.steps[0]?.result).toMatchObject({ sourceKey: VIDEO.sourceKey });
      await handle.signal(labelingApproved, claim(1)); // Of round 1: void.
      await handle.signal(labelingApproved, { ...claim(2, "second"), round: 2 });
      const end = await handle.result();
      expect(events(end)).toEqual(expect.arrayContaining(["round.opened", "labeling.approved", "model.deployed", "task.completed"]));
      expect(events(end)).not.toContain("task.created");
      expect(calls.filter((c) => c.name === "verifyApproval")).toHaveLength(1);
      expect(calls.filter((c) => ["buildDataset", "deployModel", "joinSegments", "exportCsv"].includes(c.name)).every((c) => (c.input as { round: number }).round === 2)).toBe(true);
    });
  });

  it("parks a step that a person must mend, and goes on from there with corrected settings", async () => {
    const { recorded, calls, count } = recordingActivities({
      extractFrames: async ({ numFrames }) => {
        if (numFrames > 100) throw ApplicationFailure.create({ message: "the video has only 100 frames", type: "InputError", nonRetryable: true, details: [{ field: "num_frames", what_to_do: "ask for at most 100" }] });
        return { framesKey: "frames/x/", numFrames, notes: [] };
      },
    });
    await withTask({ activities: recorded, settings: { num_frames: 500 }, record: "parked-and-retried" }, async (handle) => {
      const state = await waiting(handle, "parked");
      expect(state.steps[1]).toMatchObject({ status: "parked", reason: "the video has only 100 frames", what_to_do: "ask for at most 100" });
      expect(count("extractFrames")).toBe(1);
      await handle.signal(retry, { step: "training" }); // not reached yet: no effect
      await handle.signal(retry, { step: "frames", settings: { num_frames: 50 } });
      await waiting(handle, "waiting");
      expect(count("downloadVideo")).toBe(1);
      expect(calls.filter((c) => c.name === "extractFrames").map((c) => (c.input as { numFrames: number }).numFrames)).toEqual([500, 50]);
      await handle.signal(labelingApproved, claim(1));
      expect(events(await handle.result())).toEqual(expect.arrayContaining(["step.parked", "step.resumed", "task.completed"]));
    });
  });

  it("parks where the model found nothing in the whole video; a retry finds more, or says that it is right so", async () => {
    const { recorded, count } = recordingActivities({
      planInference: async ({ inference }) => ({ plan: `confidence ${inference.confidence}`, frames: 100, segments: [{ index: 0, start: 0, end: 100 }] }),
      joinSegments: async ({ settings: { inference } }) => ({ resultKey: "inference_results/x/result.json", frames: 100, ids: inference.confidence < 0.05 ? 2 : 0, meanAnimals: 0 }),
    });
    const { inference } = settings;
    await withTask({ activities: recorded, record: "nothing-found" }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, claim(1));
      const parked = await waiting(handle, "parked");
      expect(parked.steps.find(({ name }) => name === "inference")).toMatchObject({ status: "parked", reason: expect.stringMatching(/^The model \w+@1 found no animal in 100 frames\.$/) as string, what_to_do: expect.stringContaining("lower inference.confidence than 0.25") as string });
      expect(events(parked)).not.toContain("inference.completed");
      // Still nothing, but other settings: asked again.
      await handle.signal(retry, { step: "inference", settings: { inference: { ...inference, confidence: 0.1 } } });
      await until("the second parking", 30, async () => (events(await handle.query(stateQuery)).filter((event) => event === "step.parked").length === 2 ? true : null));
      await handle.signal(retry, { step: "inference" });
      const end = await handle.result();
      expect(end.steps.find(({ name }) => name === "inference")).toMatchObject({ status: "completed", result: { ids: 0, notes: [expect.stringContaining("found no animal in 100 frames")] } });
      expect([count("joinSegments"), count("exportCsv")]).toEqual([3, 1]);
    });
    await withTask({ activities: recorded }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, claim(1));
      await waiting(handle, "parked");
      await handle.signal(retry, { step: "inference", settings: { inference: { ...inference, confidence: 0.01 } } });
      const { result } = (await handle.result()).steps.find(({ name }) => name === "inference")!;
      expect(result).toMatchObject({ ids: 2 });
      expect(result).not.toHaveProperty("notes");
    });
  });

  it("does again what a changed setting concerns, and nothing before it", async () => {
    let trained = 0;
    const { recorded, count } = recordingActivities({
      exportModel: async () => {
        if ((trained += 1) === 1) throw ApplicationFailure.nonRetryable("ONNX differs", "InputError");
        return { onnxKey: "k", sha256: "0123456789abcdef", parity: { images: 1, objects: 1, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 } };
      },
    });
    await withTask({ activities: recorded }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, claim(1));
      await waiting(handle, "parked");
      await handle.signal(retry, { step: "training", settings: { num_frames: 20 } });
      await waiting(handle, "waiting");
      await handle.signal(labelingApproved, claim(2, "more"));
      await handle.result();
      expect([count("downloadVideo"), count("extractFrames"), count("trainModel")]).toEqual([1, 2, 2]);
    });
  });

  it("writes its record when it is cancelled while it waits", async () => {
    const { recorded, calls } = recordingActivities();
    await withTask({ activities: recorded, record: "cancelled" }, async (handle) => {
      await waiting(handle, "waiting");
      await handle.cancel();
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      const record = calls.find((c) => c.name === "writeRecord")?.input as { state: TaskState };
      expect(record.state).toMatchObject({ status: "cancelled", waiting_for: null });
      expect(record.state.steps[3]?.status).toBe("cancelled");
      expect(events(record.state).at(-1)).toBe("task.cancelled");
    });
  });
});
