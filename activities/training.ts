import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ExportReport, TrainerError, TrainReport } from "../adapters/training/trainer.ts";
import { readJson } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { canonicalJson, sha256Of } from "../domain/hash.ts";
import { trainKeys } from "../domain/layout.ts";
import type { Manifest } from "../domain/manifest.ts";
import { describeParity, int8Holds, parityHolds } from "../domain/parity.ts";
import type { Reference } from "../domain/reference.ts";
import type { ExportInput, ExportOutput, Parity, StepInput, TrainInput, TrainOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { allowedFile } from "./files/allowed-path.ts";
import { longStep, withScratch, type StepContext } from "./step-context.ts";
import { fetchFile, fileSha256, openRun } from "./training-run.ts";

/** Supposed where the trainer did not say which batch it used. */
const USUAL_BATCH = 16;

type Run = Awaited<ReturnType<typeof openRun>>;
type Settings = Record<string, unknown> & { batch?: number | undefined };

export function createTrainingSteps({ storage, trainer, files, workFolder }: Pick<Deps, "storage" | "trainer" | "files" | "workFolder">) {
  /** Copies: the trainer writes caches beside the images. Returns the path of data.yaml. */
  async function fetchDataset({ taskId, round }: StepInput, dataKey: string, folder: string): Promise<string> {
    const { data, prefix } = trainKeys(taskId, round);
    const pathOf = (key: string): string => join(folder, key.slice(prefix.length));
    for (const key of [...(await storage.list(data)), dataKey]) await fetchFile(storage, key, pathOf(key));
    return pathOf(dataKey);
  }

  /** A base model of the user's own lies where they may read. */
  async function baseOf({ base_model: base }: Settings): Promise<Settings> {
    return typeof base === "string" && base.startsWith("/") ? { base_model: await allowedFile({ path: base, roots: files.allowedRoots, field: "training.base_model" }) } : {};
  }

  /** Trains in a folder of its own, from the last published checkpoint: what is in storage is the truth, on this machine too. */
  async function trainOnce(input: TrainInput, settings: Settings, run: Run, { signal, report, log }: StepContext): Promise<TrainOutput> {
    const keys = trainKeys(input.taskId, input.round);
    const folder = join(workFolder, "training", `${input.taskId}-${input.round}`);
    // What an attempt that was killed has left.
    await rm(folder, { recursive: true, force: true });
    return await withScratch(folder, async (scratch) => {
      const data = await fetchDataset(input, input.dataset.dataKey, join(scratch, "dataset"));
      const runFolder = join(scratch, "run");
      const epoch = await run.restore(runFolder);
      log(epoch === null ? "training begins" : `training goes on after epoch ${epoch}`, { task_id: input.taskId });
      const made = await trainer.train({
        data,
        runFolder,
        settings,
        signal,
        onProgress: (progress) => {
          if (progress.figures?.["batch"] !== undefined) settings.batch = progress.figures["batch"];
          report(progress);
        },
        onCheckpoint: async ({ epoch: done, last, best, results }) => {
          signal.throwIfAborted();
          await run.publish(runFolder, done, [last, best, results]);
        },
        log,
      });
      return await run.finish(made, outputOf(made, keys.model, keys.resultsCsv, run.notes()));
    });
  }

  /** What PyTorch finds in the validation images: deployment asks every server for the same. reference.json comes last. */
  async function publishReference(folder: string, { reference, referenceJson }: ReturnType<typeof trainKeys>): Promise<void> {
    const { images } = JSON.parse(await readFile(join(folder, "reference.json"), "utf8")) as Reference;
    for (const key of [referenceJson, ...(await storage.list(reference))]) await storage.remove(key);
    for (const { file } of images) await storage.put(reference + file, { file: join(folder, file) });
    await storage.put(referenceJson, { file: join(folder, "reference.json") });
  }

  return {
    /** Trains up to the last epoch, whatever happens on the way: from the last checkpoint after a crash, with a smaller batch where memory runs out. */
    trainModel: (input: TrainInput): Promise<TrainOutput> =>
      longStep(async (context) => {
        const { snapshot, images, flip_idx, task } = await readJson<Manifest>(storage, input.dataset.manifestKey);
        // Classes, keypoints and flip_idx are in data.yaml.
        const { int8: _ofExport, ...training } = input.settings.training;
        const asked: Settings = { ...training, task };
        const run = await openRun(storage, input, sha256Of(canonicalJson({ snapshot: snapshot.sha256, images, flip_idx, settings: asked })));
        const done = run.done();
        if (done !== null) return done;
        for (;;) {
          const settings: Settings = { ...asked, ...(run.batch() === null ? {} : { batch: run.batch() ?? undefined }), ...(await baseOf(asked)) };
          try {
            return await trainOnce(input, settings, run, context);
          } catch (error) {
            if (context.signal.aborted || !isTrainerError(error)) throw error;
            if (error.kind === "input") throw new InputError({ field: "training", message: error.message, whatToDo: "Correct the training settings, or the labels, and retry the training.", status: 422, cause: error });
            if (error.kind === "crash" || (error.kind === "killed" && !(await run.killedAgain()))) throw error;
            const batch = settings.batch ?? USUAL_BATCH;
            const smallest = gpusOf(settings);
            if (batch <= smallest) throw new InputError({ field: "training.imgsz", message: `Training ran out of memory even with a batch of ${batch}: ${error.message}`, whatToDo: "Set a smaller training.imgsz or scale, or train on a machine with more memory.", status: 422, cause: error });
            const smaller = Math.max(1, Math.floor(batch / 2 / smallest)) * smallest;
            context.log(`out of memory: the batch is now ${smaller} instead of ${batch}`, { task_id: input.taskId });
            await run.lowerBatch(smaller, `Memory ran out with a batch of ${batch}: training went on with ${smaller}.`);
          }
        }
      }),

    /** model.onnx, published only where it gives the same results as the trained model. */
    exportModel: (input: ExportInput): Promise<ExportOutput> =>
      longStep(({ signal, report }) =>
        withScratch(join(workFolder, "export"), async (scratch) => {
          const keys = trainKeys(input.taskId, input.round);
          const data = await fetchDataset(input, input.dataKey, join(scratch, "dataset"));
          const model = join(scratch, "model.pt");
          await fetchFile(storage, input.modelKey, model);
          const output = join(scratch, "model.onnx");
          const reference = join(scratch, "reference");
          const int8 = join(scratch, "model.int8.onnx");
          const made = await trainer.export({ model, data, imgsz: input.imgsz, output, reference, signal, onProgress: report, ...(input.int8 === true ? { int8 } : {}) }).catch((error: unknown) => {
            if (!isTrainerError(error) || error.kind !== "input") throw error;
            throw new InputError({ field: "model", message: error.message, whatToDo: "Retry the training.", status: 422, cause: error });
          });
          checkParity(made.parity);
          const chosen = chooseFile(made, { output, int8 });
          signal.throwIfAborted();
          await publishReference(reference, keys);
          await storage.put(keys.onnx, { file: chosen.file });
          return { onnxKey: keys.onnx, sha256: await fileSha256(chosen.file), referenceKey: keys.referenceJson, ...chosen.about };
        }),
      ),
  };
}

/** A batch is shared evenly by the GPUs that were named. */
const gpusOf = ({ device }: Settings): number => (typeof device === "string" && /^[0-9]/.test(device) ? device.split(",").length : 1);

/** By name: steps know adapters by their types only. */
const isTrainerError = (error: unknown): error is TrainerError => error instanceof Error && error.name === "TrainerError";

function outputOf(made: TrainReport, modelKey: string, resultsKey: string, notes: string[]): TrainOutput {
  const { epochs, bestEpoch, base, task, imgsz, metrics } = made;
  return { modelKey, resultsKey, epochs, bestEpoch, base, task, imgsz, metrics, notes: [...notes, ...made.notes] };
}

/** The model in 8 bit, where it was asked for and is as good. */
function chooseFile({ parity, int8 }: ExportReport, files: { output: string; int8: string }): { file: string; about: Pick<ExportOutput, "parity" | "precision" | "notes"> } {
  if (int8 === undefined) return { file: files.output, about: { parity } };
  const exact = (why: string) => ({ file: files.output, about: { parity, notes: [`The model stays as it was trained, not in 8 bit: ${why}`] } });
  if ("refused" in int8) return exact(int8.refused);
  const found = `${describeParity(int8.parity)}; mAP50-95 on the validation frames is ${Math.abs(int8.pointsLost)} points ${int8.pointsLost > 0 ? "lower" : "higher"}`;
  if (!int8Holds(int8.parity, int8.pointsLost)) return exact(found);
  return { file: files.int8, about: { parity: int8.parity, precision: "int8", notes: [`The model serves in 8 bit: ${found}`] } };
}

/** A model that answers differently where it serves is not deployed; the one before keeps serving. */
function checkParity(parity: Parity): void {
  if (parityHolds(parity)) return;
  throw new InputError({ field: "model.onnx", message: `The exported model does not agree with the trained one: ${describeParity(parity)}.`, whatToDo: "Retry the training, with more epochs or another imgsz; tell us the figures if it happens again.", status: 422 });
}
