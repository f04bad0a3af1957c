import sharp from "sharp";
import { createCvatClient } from "../adapters/labeling/cvat/client.ts";
import { createCvatLabeling } from "../adapters/labeling/cvat/index.ts";
import { startCvatServer } from "../adapters/labeling/cvat/cvat-server.test-tools.ts";
import { mapLabels } from "../adapters/labeling/cvat/label-specs.ts";
import type { CvatLabelingTask } from "../adapters/labeling/cvat/record.ts";
import { toShapes } from "../adapters/labeling/cvat/to-shapes.ts";
import type { CvatJob, CvatLabel, LabeledData } from "../adapters/labeling/cvat/wire.ts";
import { createLabelStudioLabeling } from "../adapters/labeling/label-studio/index.ts";
import type { ExternalTools } from "../adapters/labeling/labeling.ts";
import { readJson, type Storage } from "../adapters/storage/storage.ts";
import { createDatasetSteps } from "../activities/dataset.ts";
import { send, startLab, untilStatus, type Lab } from "../api/lab.test-suite.ts";
import type { App } from "../api/context.ts";
import type { FrameList, LabeledObject, Prelabels } from "../domain/labels.ts";
import { frameKeys, labelKeys } from "../domain/layout.ts";
import type { DatasetInput, PreinferenceInput } from "../domain/steps.ts";
import { freePort } from "../scripts/ports.ts";

export const SECRET = "canary-webhook-secret-0123456789";
/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";

/** A box at a place of its own in each frame, so that labels of different moments differ. */
export const animal = (id: string, x: number): LabeledObject => ({ id, class: "animal", box: [x, 4, x + 20, 30], keypoints: [], source: "person", confirmed: true });

/** Every frame has a pre-label that nobody has looked at yet. */
async function preLabel(storage: Storage, { taskId, round }: PreinferenceInput) {
  const { frames } = await readJson<FrameList>(storage, frameKeys(taskId, round).list);
  const prelabels: Prelabels = { source: "motion", frames: frames.map(({ frame }) => ({ frame, objects: [{ ...animal(`m${frame}`, 1), source: "motion", confirmed: false }] })) };
  await storage.put(labelKeys(taskId, round).prelabels, JSON.stringify(prelabels));
  return { frames: frames.length, objects: frames.length, source: "motion", notes: [] };
}

/**
 * Actverse with CVAT connected, on a real Temporal server; in place of CVAT stands the server that answers as its REST API documents.
 * The API listens, as CVAT needs it; the dataset is a real one. Label Studio is set up too, as far as its webhooks go.
 */
export async function startCvatLab({ framesPerJob = 1 }: { framesPerJob?: number } = {}) {
  const cvat = await startCvatServer();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const image = await sharp({ create: { width: 64, height: 48, channels: 3, background: "#336699" } }).jpeg().toBuffer();
  const external = (storage: Storage): ExternalTools => ({
    cvat: createCvatLabeling({ storage, url: cvat.url, token: cvat.token, publicUrl: url, webhookSecret: SECRET, framesPerJob }),
    "label-studio": createLabelStudioLabeling({ storage, url: NOWHERE, token: "canary-label-studio-token", publicUrl: url, webhookSecret: SECRET }),
  });
  let dataset = { mayBegin: Promise.resolve(), begin: (): void => {} };
  const datasetSteps = (storage: Storage) => {
    const { buildDataset } = createDatasetSteps({ storage });
    return { buildDataset: async (input: DatasetInput) => (await dataset.mayBegin, await buildDataset(input)) };
  };
  const lab: Lab = await startLab({ external, image, activities: (storage) => ({ ...datasetSteps(storage), preInfer: (input: PreinferenceInput) => preLabel(storage, input) }) });
  const app: App = await lab.app();
  await app.listen({ port, host: "127.0.0.1" });
  const client = createCvatClient(cvat);
  const recordOf = (taskId: string, round = 1): Promise<CvatLabelingTask> => readJson<CvatLabelingTask>(lab.storage, labelKeys(taskId, round).tool);

  const people = {
    /** The jobs of a task, in the order of their frames. */
    async jobs(taskId: string, round = 1): Promise<CvatJob[]> {
      return (await client.all<CvatJob>("/api/jobs", { task_id: (await recordOf(taskId, round)).cvat.task_id })).toSorted((a, b) => a.start_frame - b.start_frame);
    },
    /** Draws these objects in a job's first frame, in place of what is there. */
    async draw(taskId: string, job: CvatJob, objects: LabeledObject[], round = 1): Promise<void> {
      const record = await recordOf(taskId, round);
      const labels = mapLabels(record, await client.all<CvatLabel>("/api/labels", { project_id: record.cvat.project_id }));
      const path = `/api/jobs/${job.id}/annotations/`;
      const old = (await client.get<LabeledData>(path)).shapes.filter(({ frame }) => frame === job.start_frame);
      if (old.length > 0) await client.send("PATCH", `${path}?action=delete`, { shapes: old, tracks: [], tags: [] });
      await client.send("PATCH", `${path}?action=create`, { shapes: toShapes([{ frame: job.start_frame, objects }], labels), tracks: [], tags: [] });
    },
    /** As CVAT's page does it: the stage first, which sets the state back, then the state. */
    async set({ id }: CvatJob, stage: CvatJob["stage"], state: CvatJob["state"]): Promise<CvatJob> {
      await client.send("PATCH", `/api/jobs/${id}`, { stage });
      return await client.send<CvatJob>("PATCH", `/api/jobs/${id}`, { state });
    },
    accept: (job: CvatJob): Promise<CvatJob> => people.set(job, "acceptance", "completed"),
  };

  return {
    lab,
    app,
    url,
    port,
    cvat,
    people,
    recordOf,
    /** From here on no dataset is built before the returned function is called: approved, and not yet training. */
    holdDataset(): () => void {
      let begin = (): void => {};
      dataset = { mayBegin: new Promise<void>((resolve) => (begin = resolve)), begin: () => begin() };
      return dataset.begin;
    },
    /** CVAT says nothing any more, as when our API was down and CVAT has given up. */
    silence(): void {
      for (const hook of cvat.store.webhooks.values()) hook.is_active = false;
    },
    /** A task that waits for its labels in CVAT. Needs workers. */
    async waitingTask(settings: { num_frames?: number; labeling?: object; [name: string]: unknown } = {}): Promise<string> {
      const labeling = { tool: "cvat", ...settings.labeling };
      const { status, body, text } = await send(app, "POST", "/tasks/", { body: { ...lab.body, ...settings, labeling } });
      if (status !== 201) throw new Error(text);
      await untilStatus(app, body["task_id"] as string, "waiting");
      return body["task_id"] as string;
    },
    async close(): Promise<void> {
      await cvat.close();
      await lab.stop();
    },
  };
}
export type CvatLab = Awaited<ReturnType<typeof startCvatLab>>;
