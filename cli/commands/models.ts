import type { Command } from "commander";
import { resolve } from "node:path";
import type { Static } from "typebox";
import type { ModelDetail, ModelRow } from "../../api/schemas.ts";
import { trainKeys } from "../../domain/layout.ts";
import type { TaskState } from "../../domain/state.ts";
import type { Does } from "../program.ts";
import { startStep } from "../start-step.ts";
import { listOf, placeOf, settingsOf, type Settings } from "../settings.ts";
import { moment, table } from "../table.ts";
import { again, choice, count, number } from "./options.ts";

/** What becomes of every command that starts a single step. */
interface Waits {
  wait: boolean;
  key?: string;
}
const waits = (command: Command): Command => command.option("--key <key>", "the same key with the same settings is one run, however often it is said").option("--no-wait", "starts it and ends");

const KEY_OF_A_MODEL = /^(train_log|models)\//;
/** A model's file: a key of data_storage as it is, a path made absolute. */
const modelPlace = (path: string): string => (KEY_OF_A_MODEL.test(path) ? path : placeOf(path, resolve));

/** The models there are, and which version answers. */
export function addModelCommands(program: Command, does: Does): void {
  const models = program.command("models").description("the models there are, bringing one, and which version answers");
  does(models.command("list", { isDefault: true }).description("what is deployed, and where"), async ({ api, answer }) => {
    answer(await api.get<{ models: Static<typeof ModelRow>[] }>("/models"), listInWords);
  });
  does(models.command("show <name>").description("one model and all its versions"), async ({ api, answer }, name: string) => {
    answer(await api.get<Static<typeof ModelDetail>>(`/models/${encodeURIComponent(name)}`), modelInWords);
  });

  const bring = waits(models.command("import <file>").description("a .pt or .onnx file of yours becomes a version"))
    .option("--name <name>", "global, or a name of yours; default: the task's")
    .option("--task <task>", "the task that it is for, in whose frames it is tried")
    .option("--imgsz <n>", "of a .pt: the longer side of its input, pixels", count)
    .option("--classes <a,b>", "where the file does not name its classes", listOf)
    .option("--keypoints <a,b>", "where the file does not name its keypoints", listOf);
  does(bring, (context, file: string, { task, name, imgsz, classes, keypoints, ...how }: Waits & { task?: string } & Settings) => startStep(context, "/models", { file_path: modelPlace(file), name, task_id: task, imgsz, classes, keypoints }, how));

  const promote = waits(models.command("promote <name>").description("a version becomes the newest of the global model, for the next videos")).option("--to <model>", "of another model than the global one").option("--version <n>", "another than the one that answers", count);
  does(promote, (context, name: string, { to, version, ...how }: Waits & Settings) => startStep(context, `/models/${encodeURIComponent(name)}/promote`, { to, version }, how));

  const rollback = waits(models.command("rollback <name>").description("an earlier version answers again")).option("--version <n>", "another than the one before", count).option("--why <text>", "kept with the model");
  does(rollback, (context, name: string, { version, why, ...how }: Waits & Settings) => startStep(context, `/models/${encodeURIComponent(name)}/rollback`, { version, why }, how));
}

/** Single steps: a model over a video, a training, a deployment. */
export function addStepCommands(program: Command, does: Does): void {
  const infer = waits(program.command("infer <model> <video>").description("a model over a whole video: a task's, global, or a named one"))
    .option("--version <n>", "of the model; default: the one that answers", count)
    .option("--confidence <n>", "boxes of less are left out", number)
    .option("--iou <n>", "boxes that overlap more are one", number)
    .option("--batch-size <n>", "frames at once", count)
    .option("--frame-skip <n>", "frames left out between two", number)
    .option("--max-frames <n>", "so many at most", count)
    .option("--animals <n>", "how many animals there are", count)
    .option("--outputs <a,b>", "which result files", listOf)
    .option("--project <name>", "which project it belongs to");
  does(infer, (context, model: string, video: string, given: Waits & Settings) => {
    const { wait, key, batchSize, frameSkip, maxFrames, animals, ...rest } = given;
    const body = { ...rest, data_path: placeOf(video, resolve), batch_size: batchSize, frame_skip: frameSkip, max_frames: maxFrames, num_animals: animals };
    return startStep(context, `/models/${encodeURIComponent(model)}/inference`, body, { wait, ...(key === undefined ? {} : { key }) });
  });

  const train = waits(program.command("train <data...>").description("trains a model on its own: on the labels of tasks, or on a dataset in YOLO's format"))
    .addOption(choice("--kind <kind>", "what it finds", ["auto", "detect", "pose"]))
    .option("--epochs <n>", "default: by device and number of frames", count)
    .option("--imgsz <n>", "longer side of the input, pixels", count)
    .option("--device <device>", "auto, cpu, mps, cuda, or GPU numbers as 0,1")
    .option("--set <name=value>", "any other training setting, as augment.flip=false; again for each", again)
    .option("--settings <file>", "training settings in a file, JSON or YAML")
    .option("--task <task>", "the task that it is for");
  does(train, (context, data: string[], { kind, epochs, imgsz, device, set, settings, task, ...how }: Waits & { set?: string[]; settings?: string; task?: string } & Settings) => {
    const training = settingsOf({ settings, set, named: { task: kind, epochs, imgsz, device } });
    const places = data.map((place) => (place.includes("/") && !place.startsWith("train_log/") ? resolve(place) : place));
    return startStep(context, "/training", { data_path: places.length === 1 ? places[0] : places, ...(Object.keys(training).length === 0 ? {} : { mode_train_info: training }), task_id: task }, how);
  });

  const deploy = waits(program.command("deploy <task> [model]").description("puts a trained model where it is served, as a new version; default: the one that the task trained last"));
  does(deploy, async (context, task: string, model: string | undefined, how: Waits) => {
    const path = model ?? trainKeys(task, (await context.api.get<TaskState>(`/status/${encodeURIComponent(task)}`)).round).onnx;
    return await startStep(context, "/deployments", { task_id: task, model_path: path }, how);
  });
}

const at = (versions: number[]): string => (versions.length === 0 ? "-" : versions.join(" "));

function listInWords({ models }: { models: Static<typeof ModelRow>[] }): string {
  if (models.length === 0) return "there are no models yet";
  return table(["MODEL", "ANSWERS", "VERSIONS", "BEFORE", "FINDS", "OWNER", "DEPLOYED"], models.map((row) => [row.name, row.served_version, at(row.versions), at(row.before), row.task, row.owner, moment(row.deployed_at)]));
}

function modelInWords(model: Static<typeof ModelDetail>): string {
  const { name, served_version: served, classes, keypoints, changed_at: changed, changed_by: by, changed_why: why, cards } = model;
  const rows = cards.map(({ version, status, metrics, deployed_at: deployed }) => [`${version}${version === served ? " *" : ""}`, status, moment(deployed as string | null), Object.entries(metrics).map(([key, value]) => `${key} ${value.toPrecision(3)}`).join("  ")]);
  return [
    `Model ${name}: ${served === null ? "no version can answer" : `version ${served} answers`}${changed === null ? "" : `, since ${moment(changed)}${by === null ? "" : `, by ${by}`}${why === null ? "" : `: ${why}`}`}`,
    `  finds ${classes.join(", ")}${keypoints.length === 0 ? "" : `; keypoints ${keypoints.join(", ")}`}`,
    table(["VERSION", "STATUS", "DEPLOYED", "METRICS"], rows),
  ].join("\n");
}
