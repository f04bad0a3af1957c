import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createAdapters } from "./index.ts";

it("runs models in the process, or on the Triton that the configuration names", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "actverse-adapters-"));
  const settings = { dataDir, trainerDir: "trainer", trainerPython: null };
  const model = { name: "mice", version: 2 };
  for (const [more, kind, endpoint] of [
    [{}, "onnx", "onnx://mice/2"],
    [{ tritonUrl: null }, "onnx", "onnx://mice/2"],
    [{ tritonUrl: "http://triton:8000", tritonTimeoutS: 5 }, "triton", "http://triton:8000/v2/models/mice/versions/2"],
  ] as const) {
    const serving = await createAdapters({ ...settings, ...more }).serving();
    expect([serving.kind, serving.endpointOf(model)]).toEqual([kind, endpoint]);
    await serving.close();
  }
  await rm(dataDir, { recursive: true });
});
