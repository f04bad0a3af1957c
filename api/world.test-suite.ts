import { createHmac } from "node:crypto";
import sharp from "sharp";
import { createCvatLabeling } from "../adapters/labeling/cvat/index.ts";
import { startCvatServer } from "../adapters/labeling/cvat/cvat-server.test-tools.ts";
import { createLabelStudioLabeling } from "../adapters/labeling/label-studio/index.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { createImportSteps } from "../activities/dataset.ts";
import { longStep } from "../activities/step-context.ts";
import { sha256Of } from "../domain/hash.ts";
import { trainKeys } from "../domain/layout.ts";
import type { ImportInput, TrainInput } from "../domain/steps.ts";
import { until } from "../scripts/child.ts";
import { freePort } from "../scripts/ports.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, untilStatus } from "./lab.test-suite.ts";
import { modelFile, startModelsLab } from "./models-lab.test-suite.ts";

export const WEBHOOK_SECRET = "canary-webhook-secret-0123456789";
/** As CVAT signs what it sends. */
export const signed = (body: string): Record<string, string> => ({ "x-signature-256": `sha256=${createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex")}` });
/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";

/** ada owns the tasks, lea may label them, bob has nothing to do with them, root is an admin. */
export const USERS = ["ada", "lea", "bob", "root"] as const;
export type User = (typeof USERS)[number];

/** Where a task can stand. reviewed: it waits, and a frame is reviewed. in CVAT: it waits for labels there. */
export type Standing = "running" | "waiting" | "reviewed" | "in CVAT" | "parked" | "completed" | "cancelled" | "deleted";

/**
 * An API with keys, labeling tools and real deployments, and ada's tasks wherever they are wanted: a real Temporal server, real workflows.
 * `extend`: hooks of a test.
 */
export async function startWorld({ extend, trustProxy = [] }: { extend?: (app: App) => void; trustProxy?: string[] } = {}) {
  const cvat = await startCvatServer();
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  /** Their training does not end. */
  const held = new Set<string>();
  let releaseAll = (): void => {};
  const released = new Promise<void>((resolve) => (releaseAll = resolve));
  let folder = "";
  const activities = (storage: Storage) => ({
    importDataset: (input: ImportInput) => createImportSteps({ storage, files: { allowedRoots: [folder], allowedHosts: [], maxBytes: 0 } }).importDataset(input),
    trainModel: ({ taskId, round }: TrainInput) =>
      longStep(async ({ report, signal }) => {
        const keys = trainKeys(taskId, round);
        report({ done: 1, total: 2, unit: "epochs", figures: { box_map50: 0.5 } });
        const cancelled = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cancelled"))));
        if (held.has(taskId)) await Promise.race([released, cancelled]);
        await storage.put(keys.resultsCsv, "epoch,time,metrics/mAP50(B)\n1,1,0.5\n2,2,0.75\n");
        await storage.put(keys.reportHtml, "<!doctype html><title>report</title>");
        await storage.put(keys.model, "weights");
        return { modelKey: keys.model, resultsKey: keys.resultsCsv, epochs: 2, bestEpoch: 1, base: "scratch", task: "detect", imgsz: 64, metrics: { box_map50: 0.75 }, notes: [] };
      }),
    async exportModel({ taskId, round }: { taskId: string; round: number }) {
      const { onnx } = trainKeys(taskId, round);
      await storage.put(onnx, { file: modelFile("detect") });
      return { onnxKey: onnx, sha256: sha256Of(await storage.read(onnx)), parity: { images: 0, objects: 0, max_box_px: 0, max_score: 0, max_keypoint_px: 0, unmatched: 0 } };
    },
  });
  const models = await startModelsLab({
    activities,
    image: await sharp({ create: { width: 64, height: 48, channels: 3, background: "#336699" } }).jpeg().toBuffer(),
    external: (storage) => ({
      cvat: createCvatLabeling({ storage, url: cvat.url, token: cvat.token, publicUrl, webhookSecret: WEBHOOK_SECRET, framesPerJob: 1 }),
      "label-studio": createLabelStudioLabeling({ storage, url: NOWHERE, token: "canary-label-studio-token", publicUrl, webhookSecret: WEBHOOK_SECRET }),
    }),
  });
  const { lab, stop } = models;
  ({ folder } = models);
  const keys = createKeyStore({ storage: lab.storage });
  const tokens = {} as Record<User, string>;
  for (const user of USERS) tokens[user] = (await keys.add({ userId: user, admin: user === "root" })).token;
  const as = (user: User) => ({ authorization: `Bearer ${tokens[user]}` });
  const app: App = await lab.app({ auth: { allowAnonymous: false }, requestsPerMinute: 1_000_000, trustProxy, ...(extend === undefined ? {} : { extend }) });
  await app.listen({ host: "127.0.0.1", port });
  await lab.startWorkers();

  const asAda = async (method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: object) => {
    const answer = await send(app, method, url, { headers: as("ada"), ...(body === undefined ? {} : { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const review = (taskId: string, frame: number) => asAda("PUT", `/labeling/${taskId}/frames/${frame}`, { version: 0, reviewed: true, objects: [{ id: "a", class: "animal", box: [1, 2, 30, 40], keypoints: [], source: "person", confirmed: true }] });

  /** A new task of ada's that has come so far. */
  async function task(standing: Standing): Promise<string> {
    const labeling = { people: ["lea"], allow_partial: true, ...(standing === "in CVAT" ? { tool: "cvat" } : {}) };
    const taskId = (await asAda("POST", "/tasks/", { ...lab.body, labeling, ...(standing === "parked" ? { num_animals: 13 } : {}) }))["task_id"] as string;
    if (standing === "parked") await untilStatus(app, taskId, "parked", as("ada"));
    else await untilStatus(app, taskId, "waiting", as("ada"));
    if (standing === "cancelled" || standing === "deleted") {
      await asAda("POST", `/tasks/${taskId}/cancel`);
      await untilStatus(app, taskId, "cancelled", as("ada"));
    }
    // Its status says cancelled a moment before the workflow has come to its end.
    if (standing === "deleted") await until("the task to be deleted", 60, async () => ((await send(app, "DELETE", `/tasks/${taskId}`, { headers: as("ada") })).status === 200 ? true : null));
    if (standing === "reviewed" || standing === "completed" || standing === "running") await review(taskId, 0);
    if (standing === "running") held.add(taskId);
    if (standing === "completed" || standing === "running") await asAda("POST", `/labeling/${taskId}/approve`, {});
    if (standing === "completed") await untilStatus(app, taskId, "completed", as("ada"));
    if (standing === "running") await until("training to run", 60, async () => ((await asAda("GET", `/training/${taskId}`))["status"] === "running" ? true : null));
    return taskId;
  }

  return {
    lab,
    app,
    /** It listens there too. */
    url: publicUrl,
    /** An allowed folder with the models of the fixtures. */
    folder,
    cvat,
    tokens,
    as,
    task,
    /** Several at once, each with its own fate. */
    tasks: <K extends string>(wanted: Record<K, Standing>): Promise<Record<K, string>> => Promise.all(Object.entries<Standing>(wanted).map(async ([name, standing]) => [name, await task(standing)] as const)).then((all) => Object.fromEntries(all) as Record<K, string>),
    async stop(): Promise<void> {
      releaseAll();
      await cvat.close();
      await stop();
    },
  };
}
export type World = Awaited<ReturnType<typeof startWorld>>;
