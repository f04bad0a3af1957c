import type { WorkflowHandle } from "@temporalio/client";
import type { Workflow } from "@temporalio/common";
import type { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker } from "@temporalio/worker";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import type { Activities } from "../activities/index.ts";
import { ACTIVITY_QUEUES } from "../domain/activities.ts";
import type { DownloadOutput } from "../domain/steps.ts";
import type { TaskSettings } from "../domain/task.ts";
import { readTools } from "../scripts/tools.ts";
import { startTemporal } from "../test/temporal-server.ts";
import { workflowBundle } from "../workers/workflow-bundle.ts";

/** Workflows on a real server, with activities that only say what real ones would say. */

export const settings: TaskSettings = {
  file_path: "/videos/a.mp4", user_id: "ann", project: "test", classes: ["mouse"], keypoints: [], skeleton: [], flip_idx: null, num_animals: null,
  num_frames: 10, prelabel: "auto", labeling: { tool: "builtin", allow_partial: false, reviewer_not_labeler: false, remind_after: 86_400 },
  training: {}, inference: { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: null }, outputs: ["json", "csv", "video", "notebook"], upload: [],
};

export const VIDEO: DownloadOutput = { sourceKey: "videos/x/source.mp4", originalPath: "/videos/a.mp4", browserKey: "videos/x/source.mp4", width: 640, height: 480, fps: 30, numFrames: 100, durationS: 3.3, bytes: 1, notes: [] };

/** Activities that do nothing but say what a real one would say, and keep a list of their calls. */
export function recordingActivities(replace: Partial<Activities> = {}) {
  const calls: { name: string; input: unknown }[] = [];
  const steps: Activities = {
    downloadVideo: async () => VIDEO,
    extractFrames: async ({ numFrames }) => ({ framesKey: "frames/x/", numFrames, notes: [] }),
    preInfer: async () => ({ frames: 10, objects: 20, source: "motion", notes: [] }),
    requestLabeling: async () => ({ tool: "builtin", title: "test - x", url: "/label/x", frames: 10, prelabeled: 10 }),
    verifyApproval: async ({ claim }) => ({ holds: true, snapshotKey: claim.snapshot?.key ?? "labels/x/snapshot.json", sha256: "abc", approvedBy: "bob", frames: 10, leftOut: 0, objects: 20 }),
    remindLabelers: async ({ settings: { user_id } }) => ({ to: [user_id], title: "test - x", url: "/label/x", frames: 10, frames_left: 4 }),
    openRound: async ({ before }) => ({ video: VIDEO, frames: { framesKey: "frames/x/round-2/", numFrames: 10, notes: [] }, reviewed: 10, objects: 20, rounds: [{ round: before, status: "completed", ended_at: null, approved_by: "bob", snapshot_key: "s", sha256: "abc", model: "x@1", metrics: {}, result_path: "r", record_key: "k" }] }),
    buildDataset: async () => ({ dataKey: "train_log/x/data.yaml", manifestKey: "m", train: 8, val: 2, boxes: 20, notes: [] }),
    importDataset: async () => ({ dataKey: "train_log/x/data.yaml", manifestKey: "m", train: 8, val: 2, boxes: 20, notes: [] }),
    trainModel: async () => ({ modelKey: "train_log/x/model.pt", resultsKey: "r", epochs: 3, bestEpoch: 2, base: "scratch", task: "detect", imgsz: 320, metrics: { box_map50: 0.9 }, notes: [] }),
    exportModel: async () => ({ onnxKey: "train_log/x/model.onnx", sha256: "0123456789abcdef", parity: { images: 2, objects: 4, max_box_px: 0.1, max_score: 0.001, max_keypoint_px: 0, unmatched: 0 } }),
    deployModel: async ({ name }) => ({ model: { name, version: 1 }, endpoint: `onnx://${name}/1` }),
    receiveModel: async () => ({ kind: "onnx", key: "imports/x/source.onnx", sha256: "0123456789abcdef", bytes: 1 }),
    exportImported: async () => ({ onnxKey: "imports/x/model.onnx", sha256: "0123456789abcdef", parity: { images: 0, objects: 0, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 }, referenceKey: "imports/x/reference/reference.json", imgsz: 320, task: "detect" }),
    rollBackModel: async ({ name }) => ({ model: { name, version: 1 }, endpoint: `onnx://${name}/1` }),
    planInference: async () => ({ plan: "p", frames: 100, segments: [{ index: 0, start: 0, end: 50 }, { index: 1, start: 50, end: 100 }] }),
    inferSegment: async ({ segment }) => ({ key: `s${segment.index}`, frames: segment.end - segment.start, detections: 100, differing: 0 }),
    joinSegments: async () => ({ resultKey: "inference_results/x/result.json", frames: 100, ids: 2, meanAnimals: 2 }),
    assessQuality: async () => ({ key: "quality.json", bytes: 1 }),
    exportCsv: async () => ({ key: "tracks.csv", bytes: 1 }),
    exportDlc: async () => ({ key: "dlc.csv", bytes: 1 }),
    exportViaTracks: async () => ({ key: "via-tracks.csv", bytes: 1 }),
    exportParquet: async () => ({ key: "tracks.parquet", bytes: 1 }),
    exportLabels: async () => ({ files: [{ key: "labels-coco.json", bytes: 1 }, { key: "labels-yolo.zip", bytes: 1 }] }),
    annotateVideo: async () => ({ key: "annotated.mp4", bytes: 1 }),
    writeNotebook: async () => ({ key: "notebook.ipynb", bytes: 1 }),
    writeReport: async () => ({ key: "report.html", bytes: 1 }),
    uploadResults: async ({ destinations }) => ({ destinations: destinations.map((d) => d.path), files: 4, bytes: 4 }),
    uploadFile: async ({ from, to, name }) => ({ path: `${to}/${name ?? from.split("/").at(-1)}`, bytes: 1 }),
    importFrames: async () => ({ framesKey: "frames/x/frames.json", numFrames: 10, notes: [] }),
    writeRecord: async () => ({ key: "tasks/x/record.json" }),
    ...replace,
  };
  const recorded = Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [name, (input: unknown) => (calls.push({ name, input }), (step as (i: unknown) => unknown)(input))]),
  );
  return { calls, count: (name: keyof Activities) => calls.filter((c) => c.name === name).length, recorded };
}

/** With RECORD_HISTORIES=1 the runs that are named become workflows/histories/{name}.json, which replay.test.ts replays for ever after. What is there stays. */
const recording = process.env["RECORD_HISTORIES"] === "1";

/** Process names and stack traces say where it was recorded: of no use to a replay. */
const withoutPlaces = (history: string): string => history.replaceAll(/"(identity|name)": "[0-9]+@[^"]*"/g, '"$1": "recorded"').replaceAll(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""');

/** For one test file. */
export function createWorkflowLab() {
  let env: TestWorkflowEnvironment;
  beforeAll(async () => {
    env = await startTemporal();
  });
  afterAll(() => env.teardown());

  function write(name: string, workflowId: string): void {
    const folder = new URL("./histories/", import.meta.url);
    const file = new URL(`${name}.json`, folder);
    if (existsSync(file)) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, withoutPlaces(execFileSync(readTools().temporal, ["workflow", "show", "--workflow-id", workflowId, "--address", env.address, "--output", "json"], { encoding: "utf8" })));
  }

  return {
    /** Workers for all queues with these activities, as long as `body` runs with the workflow; then its history is replayed. */
    async run<W extends Workflow>(options: { workflow: string; workflowId: string; input: Parameters<W>[0]; activities: object; record?: string | undefined }, body: (handle: WorkflowHandle<W>) => Promise<void>): Promise<void> {
      const connection = env.nativeConnection;
      const bundle = await workflowBundle();
      const workers = await Promise.all([
        Worker.create({ connection, taskQueue: "pipeline", workflowBundle: bundle }),
        ...ACTIVITY_QUEUES.map((taskQueue) => Worker.create({ connection, taskQueue, activities: options.activities })),
      ]);
      const running = Promise.all(workers.map((worker) => worker.run()));
      try {
        await env.client.workflow.start(options.workflow, { workflowId: options.workflowId, taskQueue: "pipeline", args: [options.input] });
        const handle = env.client.workflow.getHandle<W>(options.workflowId);
        await body(handle);
        await Worker.runReplayHistory({ workflowBundle: bundle }, await handle.fetchHistory());
        if (recording && options.record !== undefined) write(options.record, options.workflowId);
      } finally {
        for (const worker of workers) worker.shutdown();
        await running;
      }
    },
  };
}
