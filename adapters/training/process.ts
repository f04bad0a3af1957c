import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../../domain/state.ts";
import type { Parity } from "../../domain/steps.ts";
import { oomCounters } from "./oom-kills.ts";
import { runTrainer, type TrainerEvent } from "./trainer-child.ts";
import { TrainerError, type ExportReport, type Trainer, type TrainReport } from "./trainer.ts";

/** The trainer as a child process. `niceness`: 0 to 19, how much it gives way to others on the machine; `projectFolder`: trainer/; `python`: its environment's, else `uv run` finds it; `counters`: where the host counts what it ended for lack of memory. */
export function createTrainer({ projectFolder, python, niceness = 0, counters }: { projectFolder: string; python?: string; niceness?: number; counters?: string[] }): Trainer {
  const start = (args: string[]) =>
    python === undefined
      ? { command: "uv", args: ["run", "--project", projectFolder, "--locked", "python", "-m", "actverse_trainer", ...args], cwd: projectFolder, niceness }
      : { command: python, args: ["-m", "actverse_trainer", ...args], cwd: projectFolder, niceness };

  return {
    async train({ data, runFolder, settings, signal, onProgress, onCheckpoint, log }) {
      let report: TrainReport | undefined;
      /** What was said last of each figure: an epoch's accuracy holds until the next one's is known. */
      let figures: Record<string, number> = {};
      await runTrainer({
        ...start(["train", "--data", data, "--run", runFolder, "--settings", JSON.stringify(settings)]),
        signal,
        oomCounters: counters ?? (await oomCounters()),
        log,
        onEvent: async (event) => {
          switch (event.event) {
            case "start":
              figures = { batch: numberOf(event["batch"]) };
              log(describeStart(event));
              onProgress({ done: numberOf(event["resumed_from"]), total: numberOf(event["epochs"]), unit: "epochs", message: `beginning: ${String(event["base"])}`, figures });
              return undefined;
            case "batch":
              figures = { ...figures, ...figuresOf(event["losses"]), ...figuresOf({ images_per_s: event["images_per_s"], seconds_left: event["seconds_left"] ?? figures["seconds_left"] }) };
              onProgress({ ...batchProgress(event), figures });
              return undefined;
            case "checkpoint": {
              const epoch = numberOf(event["epoch"]);
              await onCheckpoint({ epoch, last: String(event["last"]), best: String(event["best"]), results: String(event["results"]) });
              return { ack: epoch };
            }
            case "epoch":
              log(describeEpoch(event));
              figures = { ...figures, ...figuresOf(event["figures"]) };
              onProgress({ done: numberOf(event["epoch"]) + 1, total: numberOf(event["epochs"]), unit: "epochs", figures });
              return undefined;
            case "progress":
              onProgress({ done: numberOf(event["done"]), total: numberOf(event["total"]), unit: "images", message: "judging the validation images", figures });
              return undefined;
            case "done":
              report = reportOf(event, runFolder);
              return undefined;
            default:
              return undefined;
          }
        },
      });
      if (report === undefined) throw new TrainerError("crash", "The trainer ended without a model");
      return report;
    },

    async export({ model, data, images, imgsz, output, int8, reference, signal, onProgress }) {
      let made: ExportReport | undefined;
      let quicker: Pick<ExportReport, "int8"> = {};
      const option = (name: string, value: string | number | undefined): string[] => (value === undefined ? [] : [name, String(value)]);
      await runTrainer({
        ...start(["export", "--model", model, "--output", output, ...option("--imgsz", imgsz), ...option("--data", data), ...option("--images", images), ...option("--int8", int8), ...option("--reference", reference)]),
        signal,
        oomCounters: counters ?? (await oomCounters()),
        onEvent: async (event) => {
          if (event.event === "exported") onProgress({ done: 0, total: null, unit: "images", message: "comparing ONNX Runtime with PyTorch" });
          if (event.event === "progress") onProgress({ done: numberOf(event["done"]), total: numberOf(event["total"]), unit: "images", message: "comparing ONNX Runtime with PyTorch" });
          if (event.event === "int8") quicker = { int8: typeof event["refused"] === "string" ? { refused: event["refused"] } : { parity: parityOf(event), pointsLost: typeof event["points_lost"] === "number" ? event["points_lost"] : Number.NaN } };
          if (event.event === "parity") made = { ...quicker, parity: parityOf(event), imgsz: numberOf(event["imgsz"]), task: event["task"] === "pose" ? "pose" : "detect" };
          return undefined;
        },
      });
      if (made === undefined) throw new TrainerError("crash", "The trainer ended without a comparison");
      return made;
    },
  };
}

function describeStart(event: TrainerEvent): string {
  const from = event["resumed_from"] === undefined || event["resumed_from"] === null ? "" : `, going on at epoch ${numberOf(event["resumed_from"]) + 1}`;
  return `training ${String(event["task"])} ${String(event["base"])}${from}: ${numberOf(event["epochs"])} epochs, ${numberOf(event["imgsz"])} px, batch ${numberOf(event["batch"])}, on ${String(event["device"])}, seed ${numberOf(event["seed"])}`;
}

function describeEpoch(event: TrainerEvent): string {
  const figures = Object.entries(figuresOf(event["figures"])).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
  return `epoch ${numberOf(event["epoch"]) + 1} of ${numberOf(event["epochs"])}: ${figures.join(", ")}`;
}

/** An epoch half done counts half. */
function batchProgress(event: TrainerEvent): Progress {
  const [epoch, epochs, batch, batches] = ["epoch", "epochs", "batch", "batches"].map((key) => numberOf(event[key])) as [number, number, number, number];
  return { done: Math.round((epoch + batch / Math.max(batches, 1)) * 100) / 100, total: epochs, unit: "epochs", message: `epoch ${epoch + 1} of ${epochs}, batch ${batch} of ${batches}` };
}

function reportOf(event: TrainerEvent, runFolder: string): TrainReport {
  const [html, json] = [join(runFolder, "report.html"), join(runFolder, "report.json")];
  const notes = Array.isArray(event["notes"]) ? event["notes"].map(String) : [];
  return {
    model: String(event["model"]),
    results: String(event["results"]),
    epochs: numberOf(event["epochs"]),
    bestEpoch: numberOf(event["best_epoch"]),
    base: String(event["base"]),
    task: event["task"] === "pose" ? "pose" : "detect",
    imgsz: numberOf(event["imgsz"]),
    metrics: figuresOf(event["metrics"]),
    notes,
    ...(existsSync(html) && existsSync(json) ? { report: { html, json } } : {}),
  };
}

function parityOf(event: TrainerEvent): Parity {
  const of = (key: keyof Parity): number => {
    const value = event[key];
    if (typeof value !== "number") throw new TrainerError("crash", `The trainer's comparison lacks ${key}`);
    return value;
  };
  return { images: of("images"), objects: of("objects"), max_box_px: of("max_box_px"), max_score: of("max_score"), max_keypoint_px: of("max_keypoint_px"), unmatched: of("unmatched") };
}

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0);

/** The trainer writes null for what is no finite number. */
function figuresOf(value: unknown): Record<string, number> {
  const entries = Object.entries((value ?? {}) as Record<string, unknown>).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return Object.fromEntries(entries);
}
