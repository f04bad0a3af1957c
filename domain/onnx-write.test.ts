import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readOnnxFile } from "./onnx-file.ts";
import { openOnnx } from "./onnx-write.ts";
import { bytesOf, contentField, fieldsOf, numberField } from "./protobuf.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../adapters/serving/fixtures/${name}.onnx`, import.meta.url)));

it("writes what it read", () => {
  for (const name of ["yolo-pose", "pose-end2end", "external-data"]) {
    const before = fixture(name);
    expect(Buffer.compare(bytesOf(fieldsOf(before)), before)).toBe(0);
    const again = openOnnx(openOnnx(before).bytes());
    expect(again.nodes).toEqual(openOnnx(before).nodes);
    expect(readOnnxFile(openOnnx(before).bytes())).toEqual(readOnnxFile(before));
  }
});

it("reads and writes numbers of all sizes and signs", () => {
  for (const value of [0, 1, 127, 128, 300, 2 ** 31 - 1, 2 ** 40]) expect(fieldsOf(bytesOf([numberField(3, value)]))[0]?.value).toBe(value);
  const graph = openOnnx(fixture("pose-end2end"));
  graph.nodes.push({ op: "Concat", name: "x", inputs: ["images"], outputs: ["x"], attributes: { axis: -1, list: [-2, 0, 5, 2 ** 33] }, rest: [] });
  expect(openOnnx(graph.bytes()).nodes.find(({ name }) => name === "x")?.attributes).toEqual({ axis: -1, list: [-2, 0, 5, 2 ** 33] });
});

it("changes inputs, adds constants, and puts nodes after those that they need", () => {
  const graph = openOnnx(fixture("detect"));
  graph.retype("images", 2);
  graph.addInput("limit");
  graph.addConstant("two", [2], { type: "float", dims: [] });
  graph.nodes.unshift({ op: "Mul", name: "last", inputs: ["first", "two"], outputs: ["last"], attributes: {}, rest: [] }, { op: "Cast", name: "first", inputs: ["images"], outputs: ["first"], attributes: { to: 1 }, rest: [] });
  const made = graph.bytes();
  expect(readOnnxFile(made).inputs).toEqual([{ name: "images", elementType: 2, dims: [null, 3, null, null] }, { name: "limit", elementType: 1, dims: [] }]);
  expect(openOnnx(made).nodes.slice(0, 2).map(({ name }) => name)).toEqual(["first", "last"]);
  graph.nodes[1]!.inputs.push("last");
  expect(() => graph.bytes()).toThrow(/needs what it makes/);
  expect(() => openOnnx(bytesOf([contentField(1, "text")]))).toThrow(/has no graph/);
});
