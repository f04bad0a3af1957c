import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { TrainerError } from "../../adapters/training/trainer.ts";
import { InputError } from "../../domain/errors.ts";
import { importKeys } from "../../domain/layout.ts";
import { describeParity, parityHolds } from "../../domain/parity.ts";
import type { ExportImportedInput, ExportImportedOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { fetchFile, fileSha256 } from "../training-run.ts";
import { framesToTry } from "./frames-to-try.ts";

/** Where no frames lie in storage: so many pictures of noise. They show that the runtimes agree, not that the model finds anything. */
const NOISE_PICTURES = 4;

/** A user's .pt to ONNX, by the trainer, which opens it without running what is in it; and what PyTorch finds, for the deployment to compare with. */
export function createExportImportedStep({ storage, trainer, workFolder }: Pick<Deps, "storage" | "trainer" | "workFolder">) {
  /** Files in `folder`, each a frame in which the model is tried. */
  async function fetchFrames(folder: string, framesOf: string | undefined): Promise<void> {
    await mkdir(folder, { recursive: true });
    const frames = await framesToTry(storage, framesOf);
    for (const [i, key] of frames.entries()) await copyFile(await storage.localPath(key), join(folder, `${String(i).padStart(5, "0")}.jpg`));
    if (frames.length > 0) return;
    const noise = { create: { width: 640, height: 480, channels: 3, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 60 } } } as const;
    for (let i = 0; i < NOISE_PICTURES; i++) await sharp(noise).png().toFile(join(folder, `${i}.png`));
  }

  return {
    exportImported: (input: ExportImportedInput): Promise<ExportImportedOutput> =>
      longStep(({ signal, report }) =>
        withScratch(join(workFolder, "export"), async (scratch) => {
          const keys = importKeys(input.taskId);
          const [model, images, output, reference] = ["model.pt", "images", "model.onnx", "reference"].map((name) => join(scratch, name)) as [string, string, string, string];
          await fetchFile(storage, input.modelKey, model);
          await fetchFrames(images, input.framesOf);
          const made = await trainer.export({ model, images, output, reference, signal, onProgress: report, ...(input.imgsz === undefined ? {} : { imgsz: input.imgsz }) }).catch((error: unknown) => {
            if (!isTrainerError(error) || error.kind !== "input") throw error;
            throw new InputError({ field: "model", status: 422, message: error.message.replaceAll(model, input.modelKey), whatToDo: "Give a .pt file of Ultralytics for detect or pose.", cause: error });
          });
          const { parity, imgsz, task } = made;
          if (!parityHolds(parity)) throw new InputError({ field: "model", status: 422, message: `the exported model does not find the same as the file: ${describeParity(parity)}`, whatToDo: "Give another imgsz, or export it yourself and bring the .onnx file." });
          signal.throwIfAborted();
          const { images: listed } = JSON.parse(await readFile(join(reference, "reference.json"), "utf8")) as { images: { file: string }[] };
          for (const { file } of listed) await storage.put(keys.referencePrefix + file, { file: join(reference, file) });
          await storage.put(keys.reference, { file: join(reference, "reference.json") });
          await storage.put(keys.onnx, { file: output });
          return { onnxKey: keys.onnx, sha256: await fileSha256(output), parity, referenceKey: keys.reference, imgsz, task };
        }),
      ),
  };
}

/** By name: steps know adapters by their types only. */
const isTrainerError = (error: unknown): error is TrainerError => error instanceof Error && error.name === "TrainerError";
