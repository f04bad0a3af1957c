import { patched } from "@temporalio/workflow";
import { trainKeys } from "../domain/layout.ts";
import type { StepName } from "../domain/task.ts";
import { inferVideo, writeResults } from "./infer-video.ts";
import { labeling } from "./labeling-step.ts";
import { oneAtATime } from "./model-change.ts";
import { run } from "./policy.ts";
import type { StepWork } from "./step.ts";
import { trainOn } from "./train-on.ts";

const download: StepWork = async ({ task, made }) => {
  const { file_path, user_id } = task.state.settings;
  task.emit("video.download.requested", { video_path: file_path, user_id });
  made.video = await run.downloadVideo({ ...task.input, filePath: file_path });
  task.emit("video.downloaded", { downloaded_video_path: made.video.sourceKey, original_video_path: made.video.originalPath, status: "completed" });
  return { ...made.video };
};

const frames: StepWork = async ({ task, made }) => {
  task.emit("frames.extraction.requested", { downloaded_video_path: made.video.sourceKey });
  made.frames = await run.extractFrames({ ...task.input, numFrames: task.state.settings.num_frames });
  task.emit("frames.extracted", { frames_path: made.frames.framesKey, num_frames: made.frames.numFrames, status: "completed" });
  return { ...made.frames };
};

/** A later round begins with the labels of an earlier one instead of guesses. */
const openRound: StepWork = async ({ task, made }) => {
  const { settings, round } = task.state;
  const { before } = task.opens!;
  const opened = await run.openRound({ ...task.input, settings, before });
  made.video ??= opened.video;
  made.frames ??= opened.frames;
  task.state.rounds = opened.rounds;
  task.carry("download", { ...made.video });
  task.carry("frames", { ...made.frames });
  task.emit("round.opened", { round, before, frames: made.frames.numFrames, reviewed: opened.reviewed });
  return { frames: made.frames.numFrames, objects: opened.objects, source: `round ${before}` };
};

const preinference: StepWork = async (step) => {
  const { task } = step;
  if (task.opens !== undefined) return await openRound(step);
  const { prelabel, classes, keypoints, num_animals, inference } = task.state.settings;
  const found = await run.preInfer({ ...task.input, prelabel, classes, keypoints, numAnimals: num_animals, inference });
  task.emit("preinference.completed", { frames: found.frames, objects: found.objects, source: found.source });
  return { ...found };
};

const training: StepWork = async ({ task, made }) => {
  const { snapshotKey, sha256 } = made.approval;
  const dataset = await run.buildDataset({ ...task.input, snapshotKey, sha256, settings: task.state.settings });
  const trained = await trainOn(task, dataset);
  made.training = trained.training;
  made.exported = trained.exported;
  return trained.result;
};

const deployment: StepWork = async ({ task, made }) => {
  const { taskId, round } = task.input;
  const { onnxKey, sha256 } = made.exported;
  const deploymentId = `${taskId}-${round}-${sha256.slice(0, 12)}`;
  task.emit("model.deployment.requested", { model_path: onnxKey, deployment_id: deploymentId, status: "requested", endpoint: "" });
  const { base, epochs, imgsz, metrics } = made.training;
  const { classes, keypoints, user_id: by, training: settings } = task.state.settings;
  const lineage = { task_id: taskId, round, snapshot_sha256: made.approval.sha256, manifest: trainKeys(taskId, round).manifest, base_model: base, settings, epochs, imgsz, metrics, parity: made.exported.parity };
  const input = { ...task.input, name: taskId, onnxKey, sha256, deploymentId, lineage, referenceKey: made.exported.referenceKey ?? null, names: { classes, keypoints }, by };
  const deployed = patched("one-change-of-a-model-at-a-time") ? await oneAtATime(taskId, "deployModel", input) : await run.deployModel(input);
  made.model = deployed.model;
  task.emit("model.deployed", { deployment_id: deploymentId, status: "completed", endpoint: deployed.endpoint });
  return { ...deployed };
};

const inference: StepWork = async ({ task, made }) => {
  const { joined, result } = await inferVideo(task, { model: made.model, modelPath: made.exported.onnxKey, videoKey: made.video.sourceKey });
  made.joined = joined;
  return result;
};

const results: StepWork = async ({ task }) => ({ files: await writeResults(task) });

const upload: StepWork = async ({ task }) => {
  const { upload: destinations } = task.state.settings;
  if (destinations.length === 0) return { destinations: [] };
  const uploaded = await run.uploadResults({ ...task.input, destinations });
  task.emit("results.uploaded", { destinations: uploaded.destinations });
  return { ...uploaded };
};

/** The pipeline, in the order of domain/task's STEPS. */
export const WORK: Record<StepName, StepWork> = { download, frames, preinference, labeling, training, deployment, inference, results, upload };
