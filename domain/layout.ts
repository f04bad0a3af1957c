import type { TaskSettings } from "./task.ts";

/**
 * Every key of data_storage, and nothing else makes one. Keys use `/`, whether they name files or objects in a bucket.
 * Round 1 lies at the top of its folder, round r > 1 under `round-{r}/`.
 */

const digits = (n: number, width: number): string => String(n).padStart(width, "0");
const folder = (kind: string, taskId: string, round: number): string => (round > 1 ? `${kind}/${taskId}/round-${round}/` : `${kind}/${taskId}/`);

/** The video itself is the same for all rounds. */
export const videoKeys = (taskId: string) => {
  const prefix = `videos/${taskId}/`;
  return {
    prefix,
    source: (extension: string) => `${prefix}source.${extension}`,
    /** In place of a source whose times begin anew in its middle. */
    mended: `${prefix}mended.ts`,
    meta: `${prefix}video.json`,
    packets: `${prefix}packets.json`,
    proxy: `${prefix}proxy.mp4`,
  };
};

/** Of all tasks. */
export const FRAMES_PREFIX = "frames/";

export const frameKeys = (taskId: string, round: number) => {
  const prefix = folder("frames", taskId, round);
  return { prefix, image: (frame: number) => `${prefix}${digits(frame, 8)}.jpg`, list: `${prefix}frames.json` };
};

export const labelKeys = (taskId: string, round: number) => {
  const prefix = folder("labels", taskId, round);
  return {
    prefix,
    prelabels: `${prefix}prelabels.json`,
    edits: `${prefix}edits/`,
    edit: (frame: number, version: number) => `${prefix}edits/${digits(frame, 8)}.v${version}.json`,
    /** What the versions of one frame's edits begin with. */
    editsOf: (frame: number) => `${prefix}edits/${digits(frame, 8)}.v`,
    tool: `${prefix}tool.json`,
    /** One snapshot per approval; its hash is in its name, so that a second approval never overwrites the first. */
    snapshotOf: (sha256: string) => `${prefix}snapshot-${sha256.slice(0, 16)}.json`,
    snapshot: `${prefix}snapshot.json`,
    /** Says that the labels were reopened in the tool after the task had ended. */
    reopened: `${prefix}reopened.json`,
  };
};

/** Which of our tasks a task of CVAT's is; `id`: CVAT's number. */
export const cvatTaskKey = (id: number): string => `labels/cvat/${id}.json`;

export const trainKeys = (taskId: string, round: number) => {
  const prefix = folder("train_log", taskId, round);
  return {
    prefix,
    data: `${prefix}data/`,
    dataYaml: `${prefix}data.yaml`,
    /** `of`: the task that the frame is of, where there are several; `type`: of an image that was imported. */
    image: (split: "train" | "val", frame: number, { of = "", type = "jpg" } = {}) => `${prefix}data/images/${split}/${of}${of && "-"}${digits(frame, 8)}.${type}`,
    label: (split: "train" | "val", frame: number, { of = "" } = {}) => `${prefix}data/labels/${split}/${of}${of && "-"}${digits(frame, 8)}.txt`,
    manifest: `${prefix}manifest.json`,
    checkpoints: `${prefix}checkpoints/`,
    /** Names the last whole checkpoint, and what it belongs to. */
    run: `${prefix}checkpoints/run.json`,
    /** One folder per epoch, so that the three files of a checkpoint appear together, when run.json names them. */
    checkpoint: (epoch: number) => `${prefix}checkpoints/${digits(epoch, 5)}/`,
    resultsCsv: `${prefix}results.csv`,
    model: `${prefix}model.pt`,
    onnx: `${prefix}model.onnx`,
    /** What PyTorch finds in the validation images, and these images as the network gets them: what a server must find too. */
    reference: `${prefix}reference/`,
    referenceJson: `${prefix}reference/reference.json`,
    reportHtml: `${prefix}report.html`,
    reportJson: `${prefix}report.json`,
  };
};

export const resultKeys = (taskId: string, round: number) => {
  const prefix = folder("inference_results", taskId, round);
  return {
    prefix,
    segment: (plan: string, index: number) => `${prefix}segments/${plan}/${digits(index, 5)}.ndjson`,
    /** What was counted while the segment was made; written before it. */
    segmentSummary: (plan: string, index: number) => `${prefix}segments/${plan}/${digits(index, 5)}.json`,
    result: `${prefix}result.json`,
    quality: `${prefix}quality.json`,
    framesCsv: `${prefix}frames.csv`,
    tracksCsv: `${prefix}tracks.csv`,
    tracksParquet: `${prefix}tracks.parquet`,
    dlcCsv: `${prefix}dlc.csv`,
    viaTracksCsv: `${prefix}via-tracks.csv`,
    annotated: `${prefix}annotated.mp4`,
    report: `${prefix}report.html`,
    notebook: `${prefix}notebook.ipynb`,
    labelsCoco: `${prefix}labels-coco.json`,
    labelsYolo: `${prefix}labels-yolo.zip`,
  };
};

/** Triton's model repository. `name`: a task_id, `global`, or one that a user gave. */
export const modelKeys = (name: string) => {
  const prefix = `models/${name}/`;
  return {
    prefix,
    config: `${prefix}config.pbtxt`,
    /** Which version answers where none is named. */
    serving: `${prefix}serving.json`,
    /** Who changes this model, or did last. */
    change: `${prefix}change.json`,
    onnx: (version: number) => `${prefix}${version}/model.onnx`,
    card: (version: number) => `${prefix}${version}/model.json`,
  };
};

/** Of all models. */
export const MODELS_PREFIX = "models/";

/** A file that a user brought, until it is a model: as it came, as ONNX, and what it finds in the frames that it was tried with. */
export const importKeys = (runId: string) => {
  const prefix = `imports/${runId}/`;
  return { prefix, source: (kind: "pt" | "onnx") => `${prefix}source.${kind}`, onnx: `${prefix}model.onnx`, reference: `${prefix}reference/reference.json`, referencePrefix: `${prefix}reference/` };
};

export const taskKeys = (taskId: string) => ({
  prefix: `tasks/${taskId}/`,
  /** Says that this is a single step that runs on its own, and of which kind. */
  run: `tasks/${taskId}/run.json`,
  /** Of the newest round. */
  record: `tasks/${taskId}/record.json`,
  /** Who asked what of it; `kind`: of requests. */
  requestsOf: (kind: string) => `tasks/${taskId}/requests/${kind}/`,
  /** Of a round that a later one followed. */
  recordOf: (round: number) => `tasks/${taskId}/round-${round}/record.json`,
});

/** All that a task or run keeps but its record: what deleting it takes away. Models that were promoted have folders of their own. */
export const dataPrefixes = (taskId: string): string[] => [modelKeys(taskId).prefix, videoKeys(taskId).prefix, frameKeys(taskId, 1).prefix, labelKeys(taskId, 1).prefix, trainKeys(taskId, 1).prefix, resultKeys(taskId, 1).prefix, importKeys(taskId).prefix];

/** Of all tasks and runs. */
export const TASKS_PREFIX = "tasks/";

/**
 * Which tasks and runs a user sees, as empty objects: listing a few keys gives the newest ones, however many there are.
 * `of`: a user's hash, in hex; null: everybody's. `mirrored`: the id as domain/ids mirrors it; `kind`: of a run, or `task`.
 */
export const listKeys = (of: string | null) => {
  const prefix = `tasks/lists/${of === null ? "all" : `user-${of}`}/`;
  return { prefix, entry: (mirrored: string, kind: string) => `${prefix}${mirrored}.${kind}`, after: (mirrored: string) => `${prefix}${mirrored}~` };
};

/** Says that every task from before there were lists is in them. */
export const LISTS_COMPLETE = "tasks/lists/complete.json";

/** API keys: their hashes, never they themselves. One object each, so that two who make keys at once lose none. */
export const apiKeys = { prefix: "auth/keys/", of: (id: string) => `auth/keys/${id}.json`, /** Where all lay in one list before; only read. */ list: "auth/keys.json" };
/** Signs the browser's session cookies. */
export const AUTH_SECRET = "auth/session-secret";

/** Written, read and removed again by whoever wants to know whether storage works. */
export const probeKey = (id: string): string => `probes/${id}`;

/** Which task a request with an Idempotency-Key made. `hash`: of user and key, in hex. */
export const idempotencyKey = (hash: string): string => `tasks/idempotency/${hash}.json`;

/** Label Studio holds 50 characters: the project's name is cut, never the id. */
export function labelingTitle(settings: Pick<TaskSettings, "project">, taskId: string): string {
  const tail = ` - ${taskId}`;
  return settings.project.slice(0, 50 - tail.length) + tail;
}
