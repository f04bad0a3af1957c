import { WorkflowFailedError, type WorkflowHandle } from "@temporalio/client";
import { ApplicationFailure, defaultPayloadConverter } from "@temporalio/common";
import { workflowMetadataQuery } from "@temporalio/workflow";
import { describe, expect, it } from "vitest";
import { makeId, runWorkflowIdOf } from "../domain/ids.ts";
import type { Job, RunKind } from "../domain/runs.ts";
import type { TaskState } from "../domain/state.ts";
import type { TaskSettings } from "../domain/task.ts";
import { until } from "../scripts/child.ts";
import { labelingApproved, labelingRejected, retry, stateQuery, type RunInput } from "./messages.ts";
import type { singleStep } from "./single-step.ts";
import { createWorkflowLab, recordingActivities, settings } from "./workflow-lab.test-tools.ts";

/** What each kind of job does, and in which order, on a real server. */

const lab = createWorkflowLab();

async function withRun(options: { kind: RunKind; job: Job; activities: object; settings?: TaskSettings; record?: string }, body: (handle: WorkflowHandle<typeof singleStep>) => Promise<void>): Promise<void> {
  const runId = makeId();
  const input: RunInput = { taskId: runId, settings: options.settings ?? settings, createdAt: new Date().toISOString(), run: { kind: options.kind, task_id: null, job: options.job } };
  await lab.run<typeof singleStep>({ workflow: "singleStep", workflowId: runWorkflowIdOf(options.kind, runId), input, activities: options.activities, record: options.record }, body);
}
const events = ({ timeline }: TaskState): string[] => timeline.map(({ event }) => event);

/** What Temporal's Web UI shows beside each activity, and under "Current details". */
async function shownIn(handle: WorkflowHandle<typeof singleStep>): Promise<{ summaries: string[]; details: string }> {
  const { events: history } = await handle.fetchHistory();
  const summaries = (history ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) => (scheduled == null ? [] : [defaultPayloadConverter.fromPayload<string>(userMetadata!.summary!)]));
  return { summaries, details: (await handle.query(workflowMetadataQuery)).currentDetails ?? "" };
}

describe("a single step", () => {
  it("trains: a dataset from elsewhere, the training, the export", async () => {
    const { recorded, calls } = recordingActivities();
    await withRun({ kind: "training", job: { do: "train", data: { from: "storage", key: "train_log/x/data.yaml" } }, activities: recorded, record: "single-training" }, async (handle) => {
      const end = await handle.result();
      expect(calls.map(({ name }) => name)).toEqual(["importDataset", "trainModel", "exportModel", "writeRecord"]);
      expect(end).toMatchObject({ status: "completed", steps: [{ name: "training", status: "completed", result: { epochs: 3 } }] });
      expect(events(end)).toEqual(["model.training.requested", "model.training.completed"]);
      const { summaries, details } = await shownIn(handle);
      expect(summaries).toEqual(["train_log/x/data.yaml", "8 frames to train on, 2 to validate", "train_log/x/model.pt to ONNX", "the task's record: completed"]);
      expect(details).toContain("**completed**");
      expect(details).toMatch(/\| training \| completed \| [-0-9: ]+ \| \d+ s \| epochs 3, best epoch 2, .*box map50 0.9/);
    });
  });

  it("brings a .pt to where it serves, and rolls back", async () => {
    const { recorded, calls } = recordingActivities();
    await withRun({ kind: "deployment", job: { do: "import", name: "mice", file: { key: "train_log/x/model.pt" }, lineage: {} }, activities: recorded, record: "single-import" }, async (handle) => {
      expect(events(await handle.result())).toEqual(["model.deployment.requested", "model.deployed"]);
    });
    await withRun({ kind: "deployment", job: { do: "roll-back", name: "mice" }, activities: recorded, record: "single-rollback" }, async (handle) => {
      expect(events(await handle.result())).toEqual(["model.rolled_back"]);
    });
    expect(calls.map(({ name }) => name)).toEqual(["exportImported", "deployModel", "writeRecord", "rollBackModel", "writeRecord"]);
  });

  it("infers: parks where the video cannot be read, and goes on after a retry", async () => {
    let bad = true;
    const { recorded, calls } = recordingActivities({
      downloadVideo: async () => {
        if (!bad) return { sourceKey: "videos/x/source.mp4", originalPath: "/a.mp4", browserKey: "b", width: 64, height: 48, fps: 30, numFrames: 100, durationS: 3, bytes: 1, notes: [] };
        throw ApplicationFailure.create({ nonRetryable: true, type: "InputError", message: "not a video", details: [{ field: "file_path", what_to_do: "give another" }] });
      },
    });
    await withRun({ kind: "inference", job: { do: "infer", filePath: "/a.mp4", model: { name: "mice", version: 3 }, modelPath: "models/mice/3/model.onnx" }, activities: recorded, record: "single-inference" }, async (handle) => {
      await until("the step to be parked", 30, async () => ((await handle.query(stateQuery)).status === "parked" ? true : null));
      bad = false;
      await handle.signal(retry, { step: "training" }); // There is no such step.
      await handle.signal(retry, { step: "inference", settings: { inference: { ...settings.inference, confidence: 0.5 } } });
      const end = await handle.result();
      expect(end.settings.inference.confidence).toBe(0.5);
      expect(events(end)).toEqual(["step.parked", "step.resumed", "inference.requested", "inference.completed"]);
      expect(end.steps[0]!.result).toMatchObject({ frames: 100, model: { name: "mice", version: 3 } });
      expect(calls.map(({ name }) => name)).toEqual(["downloadVideo", "downloadVideo", "planInference", "inferSegment", "inferSegment", "joinSegments", "assessQuality", "exportCsv", "writeNotebook", "annotateVideo", "writeRecord"]);
    });
  });

  it("downloads, takes frames out and uploads, with the pipeline's activities", async () => {
    const { recorded, calls } = recordingActivities();
    const to = { ...settings, file_path: "/videos/a.mp4", upload: [{ path: "/out" }] };
    await withRun({ kind: "download", job: { do: "download" }, settings: to, activities: recorded, record: "single-download" }, async (handle) => {
      const end = await handle.result();
      expect(events(end)).toEqual(["video.download.requested", "video.downloaded"]);
      expect(end.steps).toMatchObject([{ name: "download", status: "completed", result: { download_path: "/out/a.mp4" } }]);
    });
    await withRun({ kind: "frames", job: { do: "frames" }, activities: recorded, record: "single-frames" }, async (handle) => {
      const end = await handle.result();
      expect(end.steps).toMatchObject([{ result: { frame_path: `frames/${end.task_id}/`, numFrames: 10 } }]);
    });
    await withRun({ kind: "upload", job: { do: "upload" }, settings: to, activities: recorded, record: "single-upload" }, async (handle) => {
      expect((await handle.result()).steps).toMatchObject([{ result: { upload_path: "/out/a.mp4" } }]);
    });
    expect(calls.map(({ name }) => name)).toEqual(["downloadVideo", "uploadFile", "writeRecord", "downloadVideo", "extractFrames", "writeRecord", "uploadFile", "writeRecord"]);
  });

  it("labels: parks where the frames cannot be read, then waits for an approval like a task", async () => {
    let bad = true;
    const { recorded, calls } = recordingActivities({
      importFrames: async () => {
        if (!bad) return { framesKey: "frames/x/frames.json", numFrames: 10, notes: [] };
        throw ApplicationFailure.create({ nonRetryable: true, type: "InputError", message: "no images", details: [{ field: "folder_path", what_to_do: "give others" }] });
      },
    });
    await withRun({ kind: "labeling", job: { do: "label" }, activities: recorded, record: "single-labeling" }, async (handle) => {
      await until("the step to be parked", 30, async () => ((await handle.query(stateQuery)).status === "parked" ? true : null));
      bad = false;
      await handle.signal(labelingApproved, { claim_id: "too early", source: "builtin", round: 1, snapshot: { key: "k", sha256: "s" } });
      await handle.signal(retry, { step: "labeling" });
      await until("labels to be waited for", 30, async () => ((await handle.query(stateQuery)).status === "waiting" ? true : null));
      await handle.signal(labelingRejected, { claim_id: "r", round: 1, comments: [{ frame: 0, comment: "no" }], by: "bob" });
      await handle.signal(labelingApproved, { claim_id: "a", source: "builtin", round: 1, snapshot: { key: "labels/x/s.json", sha256: "abc" } });
      const end = await handle.result();
      expect(end.steps).toMatchObject([{ name: "labeling", status: "completed", result: { snapshotKey: "labels/x/s.json", frames: 10 } }]);
      expect(events(end)).toEqual(["step.parked", "step.resumed", "labeling.requested", "labeling.rejected", "labeling.approved", "labeling.completed"]);
      expect(calls.map(({ name }) => name)).toEqual(["importFrames", "importFrames", "requestLabeling", "verifyApproval", "writeRecord"]);
    });
  });

  it("is cancelled, and says so in its record", async () => {
    let stop = (): void => {};
    const { recorded, calls } = recordingActivities({ trainModel: () => new Promise((_, reject) => (stop = () => reject(new Error("stopped")))) });
    await withRun({ kind: "training", job: { do: "train", data: { from: "storage", key: "train_log/x/data.yaml" } }, activities: recorded, record: "single-cancelled" }, async (handle) => {
      await until("the training to begin", 30, async () => (calls.some(({ name }) => name === "trainModel") ? true : null));
      await handle.cancel();
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      // A worker waits for its activities before it ends.
      stop();
      expect(calls.at(-1)).toMatchObject({ name: "writeRecord", input: { state: { status: "cancelled", steps: [{ status: "cancelled" }] } } });
    });
  });
});
