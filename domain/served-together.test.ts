import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readOnnxFile } from "./onnx-file.ts";
import { servedTogether } from "./served-together.ts";
import { tritonConfig } from "./triton-config.ts";

const file = (name: string) => readOnnxFile(readFileSync(new URL(`../adapters/serving/fixtures/${name}.onnx`, import.meta.url)));

it("one version is described as it is", () => {
  const { inputs, outputs } = file("detect");
  expect(servedTogether([file("detect")])).toEqual({ inputs, outputs });
  expect(servedTogether([])).toBeNull();
});

it("sizes in which versions differ are free, others stay", () => {
  const together = servedTogether([file("detect"), file("end2end")]);
  expect(together?.inputs[0]?.dims).toEqual([null, 3, null, null]);
  expect(together?.outputs[0]?.dims).toEqual([null, null, null]);
  expect(tritonConfig({ name: "m", file: together!, versions: [1, 2] })).toContain("dims: [ 3, -1, -1 ]");
});

it("another type or batch has no description in common", () => {
  expect(servedTogether([file("detect"), file("pose-fixed-uint8")])).toBeNull();
  expect(servedTogether([file("all/detect-raw-fixed-float"), file("all/detect-raw-dynamic-float")])).toBeNull();
  expect(servedTogether([file("all/detect-raw-dynamic-uint8"), file("all/detect-raw-dynamic-float")])).toBeNull();
});
