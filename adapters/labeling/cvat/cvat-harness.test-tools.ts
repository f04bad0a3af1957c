import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import type { LabeledObject } from "../../../domain/labels.ts";
import { createLocalStorage } from "../../storage/local.ts";
import { readJson, type Storage } from "../../storage/storage.ts";
import { labelKeys } from "../../../domain/layout.ts";
import { SETTINGS, TASK } from "../contract.test-suite.ts";
import type { ExternalLabeling } from "../labeling.ts";
import { createCvatClient, type CvatClient } from "./client.ts";
import { createCvatLabeling } from "./index.ts";
import { mapLabels, type LabelMap } from "./label-specs.ts";
import { frameName } from "./reader.ts";
import type { CvatLabelingTask } from "./record.ts";
import { toShapes } from "./to-shapes.ts";
import type { CvatJob, CvatLabel, CvatProject, DataMeta, LabeledData } from "./wire.ts";

export const SECRET = "0123456789abcdef0123456789abcdef";
export const TITLE = `flies - ${TASK}`;

/** A CVAT to test against: the server of ours that stands in for it, or a real one. */
export interface TestedCvat {
  url: string;
  token: string;
}

const folders: string[] = [];
export const removeFolders = (): Promise<void[]> => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));

/** Frames are real images: CVAT reads them. */
async function imageStorage(): Promise<Storage> {
  const root = await mkdtemp(join(tmpdir(), "actverse-cvat-"));
  folders.push(root);
  const storage = createLocalStorage({ root });
  const image = await sharp({ create: { width: 640, height: 480, channels: 3, background: "#336699" } }).jpeg().toBuffer();
  return { ...storage, put: (key, content) => storage.put(key, key.endsWith(".jpg") ? image : content) };
}

export interface CvatHarness {
  storage: Storage;
  tool: ExternalLabeling;
  client: CvatClient;
  task: (round?: number) => Promise<CvatLabelingTask>;
  jobs: (round?: number) => Promise<CvatJob[]>;
  labels: (round?: number) => Promise<LabelMap>;
  /** A person's work in one frame: what was there goes, these objects come, and the frame's job is accepted or stays as it is. */
  label: (options: { round: number; frame: number; objects: LabeledObject[]; reviewed: boolean; by: string }) => Promise<void>;
  accept: (job: CvatJob) => Promise<CvatJob>;
}

/** An adapter over a CVAT that knows nothing of our test's task yet, and the hands of the people who work in it. */
export async function createHarness(cvat: TestedCvat, options: { framesPerJob?: number; publicUrl?: string } = {}): Promise<CvatHarness> {
  const client = createCvatClient(cvat);
  for (const { id } of await client.all<CvatProject>("/api/projects", { name: TITLE })) await client.send("DELETE", `/api/projects/${id}`);
  const storage = await imageStorage();
  const tool = createCvatLabeling({ ...cvat, storage, publicUrl: "http://127.0.0.1:9", webhookSecret: SECRET, framesPerJob: 1, ...options });
  const task = (round = 1): Promise<CvatLabelingTask> => readJson<CvatLabelingTask>(storage, labelKeys(TASK, round).tool);
  const jobs = async (round = 1): Promise<CvatJob[]> => (await client.all<CvatJob>("/api/jobs", { task_id: (await task(round)).cvat.task_id })).toSorted((a, b) => a.start_frame - b.start_frame);
  const labels = async (round = 1): Promise<LabelMap> => mapLabels(SETTINGS, await client.all<CvatLabel>("/api/labels", { project_id: (await task(round)).cvat.project_id }));
  // As the page does it: the stage first, which sets the state back, then the state.
  const accept = async ({ id }: CvatJob): Promise<CvatJob> => {
    await client.send("PATCH", `/api/jobs/${id}`, { stage: "acceptance" });
    return await client.send<CvatJob>("PATCH", `/api/jobs/${id}`, { state: "completed" });
  };
  return {
    storage,
    tool,
    client,
    task,
    jobs,
    labels,
    accept,
    async label({ round, frame, objects, reviewed }) {
      const meta = await client.get<DataMeta>(`/api/tasks/${(await task(round)).cvat.task_id}/data/meta`);
      const index = meta.frames!.findIndex(({ name }) => name === frameName(frame));
      const job = (await jobs(round)).find((one) => one.start_frame <= index && index <= one.stop_frame)!;
      const path = `/api/jobs/${job.id}/annotations/`;
      const old = (await client.get<LabeledData>(path)).shapes.filter((shape) => shape.frame === index);
      if (old.length > 0) await client.send("PATCH", `${path}?action=delete`, { shapes: old, tracks: [], tags: [] });
      const shapes = toShapes([{ frame: index, objects: objects.map((object) => ({ ...object, source: "person" })) }], await labels(round));
      if (shapes.length > 0) await client.send("PATCH", `${path}?action=create`, { shapes, tracks: [], tags: [] });
      if (reviewed) await accept(job);
    },
  };
}
