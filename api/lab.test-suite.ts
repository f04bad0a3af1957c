import { ApplicationFailure } from "@temporalio/common";
import type { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker } from "@temporalio/worker";
import { Ajv } from "ajv";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImportFramesStep } from "../activities/import-frames.ts";
import { asFailures } from "../activities/failures.ts";
import { createLabelingSteps } from "../activities/labeling.ts";
import { createRecordSteps } from "../activities/record.ts";
import { createRoundSteps } from "../activities/rounds.ts";
import { createUploadFileStep } from "../activities/upload-file.ts";
import { longStep } from "../activities/step-context.ts";
import { createBuiltinLabeling } from "../adapters/labeling/builtin.ts";
import { NO_EXTERNAL_TOOLS, type ExternalTools } from "../adapters/labeling/labeling.ts";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { ACTIVITY_QUEUES, PIPELINE_QUEUE } from "../domain/activities.ts";
import type { FrameList } from "../domain/labels.ts";
import { frameKeys, resultKeys, videoKeys } from "../domain/layout.ts";
import type { DownloadInput, DownloadOutput, ExportResultsInput, FramesInput, JoinInput, PreinferenceInput, SegmentInput } from "../domain/steps.ts";
import { until } from "../scripts/child.ts";
import { startTemporal } from "../test/temporal-server.ts";
import { workflowBundle } from "../workers/workflow-bundle.ts";
import { buildApp, type AppDeps } from "./app.ts";
import type { App } from "./context.ts";
import { runKindOf } from "./runs.ts";
import { createTemporalGateway } from "./temporal.ts";

const ajv = new Ajv({ strict: false });

/**
 * A real Temporal server, real storage, real labeling and the real workflow; the heavy steps only write what the API serves.
 * `external`: labeling tools; `activities` take the place of the lab's own; `image`: what every frame shows, where a labeling tool looks at it.
 */
export async function startLab(setUp: { external?: (storage: Storage) => ExternalTools; activities?: (storage: Storage) => object; image?: Buffer } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "actverse-api-"));
  const videos = join(folder, "videos");
  const webRoot = join(folder, "web");
  await mkdir(videos);
  await mkdir(join(webRoot, "assets"), { recursive: true });
  await writeFile(join(videos, "a.mp4"), "not decoded here");
  await writeFile(join(webRoot, "index.html"), "<!doctype html><title>Actverse</title>");
  await writeFile(join(webRoot, "assets", "app-1a2b.js"), "export {};");
  const storage = createLocalStorage({ root: join(folder, "data") });
  const labeling = createBuiltinLabeling({ storage });
  const externalLabeling = setUp.external?.(storage) ?? NO_EXTERNAL_TOOLS;
  const env: TestWorkflowEnvironment = await startTemporal();
  const temporal = createTemporalGateway({ client: env.client, kindOf: runKindOf(storage) });
  const apps: App[] = [];
  let stopWorkers = async (): Promise<void> => {};
  let training = { ended: Promise.resolve(), end: (): void => {} };

  const files = { allowedRoots: [videos], allowedHosts: [], maxBytes: 1e9 };
  const activities = {
    ...asFailures(createUploadFileStep({ storage, files })),
    ...asFailures(createImportFramesStep({ storage, files })),
    ...asFailures(createLabelingSteps({ storage, labeling, externalLabeling, publicUrl: null })),
    ...asFailures(createRoundSteps({ storage, labeling, externalLabeling })),
    ...createRecordSteps({ storage }),
    downloadVideo: async ({ taskId }: DownloadInput) => (await storage.put(videoKeys(taskId).source("mp4"), "not decoded here"), { sourceKey: videoKeys(taskId).source("mp4"), originalPath: "/a.mp4", browserKey: "videos/x/source.mp4", width: 64, height: 48, fps: 30, numFrames: 100, durationS: 3.3, bytes: 16, notes: [] } satisfies DownloadOutput),
    async extractFrames({ taskId, round, numFrames }: FramesInput) {
      const keys = frameKeys(taskId, round);
      const frames = Array.from({ length: numFrames }, (_, i) => ({ frame: i * 10, time: i / 3, image_key: keys.image(i * 10) }));
      for (const frame of frames) await storage.put(frame.image_key, setUp.image ?? `jpeg of frame ${frame.frame}`);
      await storage.put(keys.list, JSON.stringify({ task_id: taskId, width: 64, height: 48, frames } satisfies FrameList));
      return { framesKey: keys.list, numFrames, notes: [] };
    },
    async preInfer({ numAnimals }: PreinferenceInput) {
      if (numAnimals === 13) throw ApplicationFailure.create({ nonRetryable: true, type: "InputError", message: "13 brings bad luck", details: [{ field: "num_animals", what_to_do: "use another number" }] });
      return { frames: 1, objects: 0, source: "none", notes: [] };
    },
    buildDataset: async () => ({ dataKey: "d", manifestKey: "m", train: 1, val: 1, boxes: 2, notes: [] }),
    trainModel: () =>
      longStep(async ({ report, signal }) => {
        report({ done: 3, total: 10, unit: "epochs", figures: { box_map50: 0.5 } });
        const cancelled = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cancelled"))));
        await Promise.race([training.ended, cancelled]);
        return { modelKey: "m.pt", resultsKey: "r", epochs: 10, bestEpoch: 9, base: "scratch", task: "detect", imgsz: 320, metrics: {}, notes: [] };
      }),
    exportModel: async () => ({ onnxKey: "m.onnx", sha256: "0123456789abcdef", parity: { images: 0, objects: 0, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 } }),
    deployModel: async () => ({ model: { name: "x", version: 1 }, endpoint: "onnx://x/1" }),
    planInference: async () => ({ plan: "p", frames: 100, segments: [{ index: 0, start: 0, end: 100 }] }),
    inferSegment: async ({ segment }: SegmentInput) => ({ key: "s", frames: segment.end - segment.start, detections: 0, differing: 0 }),
    async joinSegments({ taskId, round }: JoinInput) {
      const { result } = resultKeys(taskId, round);
      await storage.put(result, '{"metadata":{},"results":[]}');
      return { resultKey: result, frames: 100, ids: 1, meanAnimals: 1 };
    },
    assessQuality: async () => ({ key: "q", bytes: 0 }),
    async exportCsv({ taskId, round }: ExportResultsInput) {
      await storage.put(resultKeys(taskId, round).tracksCsv, "frame,id\n0,0\n");
      return { key: resultKeys(taskId, round).tracksCsv, bytes: 13 };
    },
    async annotateVideo({ taskId, round }: ExportResultsInput) {
      await storage.put(resultKeys(taskId, round).annotated, "0123456789");
      return { key: resultKeys(taskId, round).annotated, bytes: 10 };
    },
    writeNotebook: async () => ({ key: "n", bytes: 0 }),
    uploadResults: async () => ({ destinations: [], files: 0, bytes: 0 }),
    ...setUp.activities?.(storage),
  };

  const lab = {
    storage,
    labeling,
    externalLabeling,
    temporal,
    env,
    video: join(videos, "a.mp4"),
    body: { file_path: join(videos, "a.mp4"), user_id: "ada", num_frames: 3, outputs: ["json", "csv", "video"] },
    /** Another API process over the same storage and server. */
    async app({ extend, ...options }: Partial<AppDeps> & { extend?: (app: App) => void } = {}): Promise<App> {
      const app = await buildApp({ storage, labeling, externalLabeling, temporal, auth: { allowAnonymous: true }, allowedRoots: [videos], webRoot, version: "1.2.3", ...options });
      extend?.(app);
      // What the OpenAPI document promises is what is sent.
      app.addHook("preSerialization", async (request, reply, payload: unknown) => {
        const schema = (request.routeOptions.schema?.response as Record<number, object> | undefined)?.[reply.statusCode];
        if (schema !== undefined && !("content" in schema) && !ajv.validate(schema, JSON.parse(JSON.stringify(payload)))) throw new Error(`not as documented: ${ajv.errorsText()}`);
        return payload;
      });
      await app.ready();
      apps.push(app);
      return app;
    },
    async startWorkers(): Promise<void> {
      const workers = await Promise.all([
        Worker.create({ connection: env.nativeConnection, taskQueue: PIPELINE_QUEUE, workflowBundle: await workflowBundle() }),
        ...ACTIVITY_QUEUES.map((taskQueue) => Worker.create({ connection: env.nativeConnection, taskQueue, activities, maxHeartbeatThrottleInterval: "1s", defaultHeartbeatThrottleInterval: "1s" })),
      ]);
      const running = Promise.all(workers.map((worker) => worker.run()));
      stopWorkers = async () => {
        stopWorkers = async () => {};
        for (const worker of workers) worker.shutdown();
        await running;
      };
    },
    stopWorkers: () => stopWorkers(),
    /** From here on training does not end before the returned function is called. */
    holdTraining(): () => void {
      let end = (): void => {};
      training = { ended: new Promise<void>((resolve) => (end = resolve)), end: () => end() };
      return training.end;
    },
    async stop(): Promise<void> {
      training.end();
      for (const app of apps) await app.close();
      await stopWorkers();
      await env.teardown();
      await rm(folder, { recursive: true });
    },
  };
  return lab;
}
export type Lab = Awaited<ReturnType<typeof startLab>>;

/** A JSON request, as a program sends it. */
export async function send(app: App, method: "GET" | "POST" | "PUT" | "DELETE", url: string, options: { body?: object; headers?: Record<string, string> } = {}) {
  const response = await app.inject({ method, url, headers: options.headers ?? {}, ...(options.body === undefined ? {} : { payload: options.body }) });
  const isJson = String(response.headers["content-type"]).includes("json");
  return { status: response.statusCode, headers: response.headers, body: (isJson ? response.json() : response.body) as Record<string, any>, text: response.body }; // oxlint-disable-line typescript/no-explicit-any -- a test looks at whatever came
}

/** Waits until the task's status is so, as a client does. */
export const untilStatus = (app: App, taskId: string, status: string, headers: Record<string, string> = {}) =>
  until(`task ${taskId} to be ${status}`, 90, async () => {
    const { body } = await send(app, "GET", `/status/${taskId}`, { headers });
    return body["status"] === status ? body : null;
  });
