import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readJsonIfThere } from "../../adapters/storage/storage.ts";
import { cocoOf, labelImageName } from "../../domain/coco.ts";
import { InputError } from "../../domain/errors.ts";
import type { Snapshot } from "../../domain/labels.ts";
import { labelKeys, resultKeys, trainKeys } from "../../domain/layout.ts";
import type { Manifest } from "../../domain/manifest.ts";
import type { ExportLabelsOutput, ExportResultsInput } from "../../domain/steps.ts";
import { dataYaml, yoloLabels, type DatasetKind } from "../../domain/yolo.ts";
import type { Deps } from "../deps.ts";
import { longStep, withScratch } from "../step-context.ts";
import { publish } from "./publish.ts";

/** labels-coco.json and labels-yolo.zip (with the pictures): the labels that were approved, and nothing else. */
export const createLabelsStep = ({ storage, workFolder }: Pick<Deps, "storage" | "workFolder">) =>
  async function exportLabels({ taskId, round, settings }: ExportResultsInput): Promise<ExportLabelsOutput> {
    return await longStep(({ signal, report }) =>
      withScratch(workFolder, async (scratch) => {
        const keys = resultKeys(taskId, round);
        const snapshot = await readJsonIfThere<Snapshot>(storage, labelKeys(taskId, round).snapshot);
        if (snapshot === null) throw new InputError({ field: "outputs", message: "there are no approved labels: this run has a model, and labeled nothing", whatToDo: "leave labels out of outputs", status: 422 });
        const manifest = await readJsonIfThere<Manifest>(storage, trainKeys(taskId, round).manifest);

        const coco = join(scratch, basename(keys.labelsCoco));
        await writeFile(coco, `${JSON.stringify(cocoOf(snapshot, settings.skeleton))}\n`);

        const { default: yazl } = await import("yazl");
        const zip = new yazl.ZipFile();
        const yolo = join(scratch, basename(keys.labelsYolo));
        const kind: DatasetKind = { task: snapshot.keypoints.length === 0 ? "detect" : "pose", classes: snapshot.classes, keypoints: snapshot.keypoints, flipIdx: settings.flip_idx };
        const add = (name: string, text: string): void => zip.addBuffer(Buffer.from(text), name, { mtime: new Date(snapshot.approved_at) });
        add("data.yaml", dataYaml(kind, { train: "train.txt", val: "val.txt" }));
        for (const side of ["train", "val"] as const) add(`${side}.txt`, framesOf(side, snapshot, manifest).map((frame) => `./images/${labelImageName({ frame })}\n`).join(""));
        const written = pipeline(zip.outputStream, createWriteStream(yolo), { signal });
        for (const [done, frame] of snapshot.frames.entries()) {
          signal.throwIfAborted();
          report({ done, total: snapshot.frames.length, unit: "frames", message: `writing ${basename(yolo)}` });
          const name = labelImageName(frame);
          // A picture is compressed already.
          zip.addFile(await storage.localPath(frame.image_key), `images/${name}`, { compress: false });
          add(`labels/${name.replace(".jpg", ".txt")}`, yoloLabels(frame, kind));
        }
        zip.end();
        await written;
        return { files: [await publish(storage, keys.labelsCoco, coco), await publish(storage, keys.labelsYolo, yolo)] };
      }),
    );
  };

/** Train and val as this task's training used them: what lay between the two is in neither. Without a training, all frames are in both. */
const framesOf = (side: "train" | "val", { frames }: Snapshot, manifest: Manifest | null): number[] =>
  manifest === null ? frames.map(({ frame }) => frame) : manifest.images.filter((image) => image.split === side).map(({ frame }) => frame);
