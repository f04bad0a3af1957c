import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readOnnxFile } from "./onnx-file.ts";
import { tritonConfig } from "./triton-config.ts";

const file = (name: string) => readOnnxFile(readFileSync(new URL(`../adapters/serving/fixtures/${name}.onnx`, import.meta.url)));

it("describes a model with a dynamic batch", () => {
  expect(tritonConfig({ name: "a1b2", file: file("detect"), versions: [2, 3] })).toBe(`name: "a1b2"
backend: "onnxruntime"
max_batch_size: 16
input [
  {
    name: "images"
    data_type: TYPE_FP32
    dims: [ 3, -1, -1 ]
  }
]
output [
  {
    name: "output0"
    data_type: TYPE_FP32
    dims: [ 6, -1 ]
  }
]
version_policy { specific { versions: [ 2, 3 ] } }
dynamic_batching { }
instance_group [ { kind: KIND_AUTO count: 1 } ]
`);
});

it("keeps a fixed batch in the shape, and quotes names", () => {
  const config = tritonConfig({ name: 'odd"name', file: file("pose-fixed-uint8"), versions: [1] });
  expect(config).toContain(String.raw`name: "odd\"name"`);
  expect(config).toContain("max_batch_size: 0");
  expect(config).toContain("data_type: TYPE_UINT8\n    dims: [ 2, 3, 64, 64 ]");
  expect(config).toContain("dims: [ 2, 12, -1 ]");
  expect(config).not.toContain("dynamic_batching");
});

it("lets nothing be batched where an output has a batch of its own", () => {
  const { inputs, outputs, ...rest } = file("detect");
  const mixed = { ...rest, inputs, outputs: outputs.map((output) => ({ ...output, dims: [1, ...output.dims.slice(1)] })) };
  const config = tritonConfig({ name: "mixed", file: mixed, versions: [1] });
  expect(config).toContain("max_batch_size: 0");
  expect(config).toContain("dims: [ -1, 3, -1, -1 ]");
  expect(config).toContain("dims: [ 1, 6, -1 ]");
});

it("refuses types that Triton does not know", () => {
  const { inputs, ...rest } = file("detect");
  expect(() => tritonConfig({ name: "odd", file: { ...rest, inputs: inputs.map((input) => ({ ...input, elementType: 14 })) }, versions: [1] })).toThrow(/no type for element type 14 of images/);
});
