import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRollBackStep } from "../activities/deployment-rollback.ts";
import { createDeployStep } from "../activities/deployment.ts";
import { asFailures } from "../activities/failures.ts";
import { createReceiveModelStep } from "../activities/models/receive.ts";
import { createModelRegistry } from "../adapters/models/registry.ts";
import { createOnnxServing } from "../adapters/serving/onnx.ts";
import type { Serving } from "../adapters/serving/serving.ts";
import type { ReceiveModelInput } from "../domain/steps.ts";
import { startLab, type Lab } from "./lab.test-suite.ts";

/** adapters/serving/fixtures */
export const modelFile = (name: string): string => fileURLToPath(new URL(`../adapters/serving/fixtures/${name}.onnx`, import.meta.url));

/** The API's lab whose deployments are real, into the embedded ONNX Runtime. `folder`: allowed, with the models of the fixtures in it; `setUp`: as of the lab. */
export async function startModelsLab(setUp: Parameters<typeof startLab>[0] = {}): Promise<{ lab: Lab; folder: string; stop: () => Promise<void> }> {
  let serving: Serving | undefined;
  let folder = "";
  const lab = await startLab({
    ...setUp,
    activities: (storage) => {
      serving = createOnnxServing({ storage, threads: 1 });
      const deps = { storage, serving, embedded: serving, models: createModelRegistry({ storage }) };
      const receiveModel = (input: ReceiveModelInput) => createReceiveModelStep({ storage, files: { allowedRoots: [folder], allowedHosts: [], maxBytes: 1e9 }, workFolder: folder }).receiveModel(input);
      return asFailures({ ...createDeployStep(deps), ...createRollBackStep(deps), receiveModel, ...setUp.activities?.(storage) });
    },
  });
  folder = dirname(lab.video);
  for (const name of ["detect", "damaged", "pose-fixed-uint8", "wrong-classes", "no-names", "segment", "external-data"]) await copyFile(modelFile(name), join(folder, `${name}.onnx`));
  const stop = async (): Promise<void> => {
    await lab.stop();
    await serving?.close();
  };
  return { lab, folder, stop };
}
