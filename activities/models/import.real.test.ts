import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTrainer } from "../../adapters/training/process.ts";
import { readJson } from "../../adapters/storage/storage.ts";
import { frameKeys, modelKeys } from "../../domain/layout.ts";
import type { ModelCard } from "../../domain/models.ts";
import { readTools } from "../../scripts/tools.ts";
import { createExportImportedStep } from "./export-imported.ts";
import { run, squares, startModelLab, type ModelLab } from "./models.test-tools.ts";
import { createReceiveModelStep } from "./receive.ts";

/** A user's .pt from the file to the version that answers, with the real trainer. */

const python = readTools().python;
let lab: ModelLab;
beforeAll(async () => {
  lab = await startModelLab();
});
afterAll(() => lab.stop());

const made = async (name: string, code: string): Promise<string> => {
  const file = join(lab.root, name);
  await promisify(execFile)(python, ["-c", code, file], { env: { ...process.env, YOLO_OFFLINE: "true", YOLO_CONFIG_DIR: lab.root } });
  return file;
};
const steps = () => {
  const workFolder = join(lab.root, "work");
  const trainer = createTrainer({ projectFolder: "trainer", python });
  return {
    receive: (path: string) => run(createReceiveModelStep({ storage: lab.storage, files: { allowedRoots: [lab.root], allowedHosts: [], maxBytes: 1e9 }, workFolder }).receiveModel, { taskId: "run000000001", round: 1, path }),
    export: (modelKey: string, framesOf?: string) => run(createExportImportedStep({ storage: lab.storage, trainer, workFolder }).exportImported, { taskId: "run000000001", round: 1, modelKey, imgsz: 64, ...(framesOf === undefined ? {} : { framesOf }) }),
  };
};

it.each(["detect", "pose"])("a .pt of Ultralytics for %s is exported, compared and deployed", async (task) => {
  const kind = task === "pose" ? "-pose" : "";
  const file = await made(`mice${kind}.pt`, `import sys; from ultralytics import YOLO; YOLO("yolov8n${kind}.yaml").save(sys.argv[1])`);
  const frames = frameKeys("task00000002", 1);
  await lab.storage.put(frames.image(0), await squares(128, 96, 0));
  await lab.storage.put(frames.list, JSON.stringify({ task_id: "task00000002", width: 128, height: 96, frames: [{ frame: 0, time: 0, image_key: frames.image(0) }] }));
  const received = await steps().receive(file);
  expect(received).toMatchObject({ kind: "pt" });
  const exported = await steps().export(received.key, "task00000002");
  expect(exported).toMatchObject({ task, imgsz: 64, parity: { images: 1, unmatched: 0 } });
  const { onnxKey, sha256, referenceKey } = exported;
  const deployed = await lab.deploy({ taskId: "run000000001", round: 1, name: `mice${kind}`, onnxKey, sha256, referenceKey, deploymentId: "run000000001", lineage: {}, by: "ada" });
  expect(deployed.parity).toMatchObject([{ ours: "pytorch", theirs: "onnx", images: 1, unmatched: 0 }]);
  expect(await readJson<ModelCard>(lab.storage, modelKeys(`mice${kind}`).card(1))).toMatchObject({ status: "deployed", task });
});

it("a file that would run code when it is opened is refused, and runs nothing", async () => {
  const file = await made("evil.pt", `import sys, torch
class Evil:
    def __reduce__(self):
        return (open, (${JSON.stringify(join(lab.root, "was-run"))}, "w"))
torch.save({"model": Evil()}, sys.argv[1])`);
  const { key } = await steps().receive(file);
  await expect(steps().export(key)).rejects.toMatchObject({ field: "model", status: 422 });
  expect(await lab.storage.size("was-run")).toBeNull();
});
