import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ONNX_FLOAT, ONNX_UINT8, readOnnxFile } from "./onnx-file.ts";

const fixture = (name: string): Uint8Array => readFileSync(new URL(`../adapters/serving/fixtures/${name}.onnx`, import.meta.url));

describe("reading an ONNX file", () => {
  it("finds inputs, outputs and metadata", () => {
    const file = readOnnxFile(fixture("pose-fixed-uint8"));
    expect(file.inputs).toEqual([{ name: "images", elementType: ONNX_UINT8, dims: [2, 3, 64, 64] }]);
    expect(file.outputs).toEqual([{ name: "output0", elementType: ONNX_FLOAT, dims: [2, 12, null] }]);
    expect(file.metadata).toMatchObject({ task: "pose", names: "{0: 'red', 1: 'green'}", kpt_shape: "[2, 3]" });
    expect(file.externalFiles).toEqual([]);
    expect(file.opset).toBe(17);
    expect(readOnnxFile(fixture("unknown-opset")).opset).toBe(99);
    expect(readOnnxFile(fixture("detect")).inputs[0]?.dims).toEqual([null, 3, null, null]);
  });

  it("finds weights that lie in other files", () => {
    expect(readOnnxFile(fixture("external-data")).externalFiles).toEqual(["../../secret.bin"]);
  });

  it("refuses what is cut off or something else", () => {
    const whole = fixture("detect");
    for (const length of [0, 10, 500, whole.length - 200]) expect(() => readOnnxFile(whole.subarray(0, length))).toThrow(/not an ONNX model/);
    expect(() => readOnnxFile(new TextEncoder().encode("<!doctype html><html></html>"))).toThrow(/not an ONNX model/);
    expect(() => readOnnxFile(new Uint8Array(100).fill(255))).toThrow(/not an ONNX model/);
  });
});
