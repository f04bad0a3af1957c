import { all, fieldsOf, first, textOf, type Field } from "./protobuf.ts";

/** What an ONNX file says of itself, read from its bytes (Protocol Buffers, onnx.proto): no runtime needed, nothing executed. */

export interface OnnxFile {
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  /** metadata_props: Ultralytics writes task, names, imgsz, kpt_shape ... here, as Python values. */
  metadata: Record<string, string>;
  /** Version of the operators, of ONNX's own set; 1 where the file does not say. */
  opset: number;
  /** Other files that it wants to read its weights from. */
  externalFiles: string[];
}

export interface OnnxValue {
  name: string;
  /** ONNX's number of the element type: 1 float, 2 uint8, 10 float16, ... */
  elementType: number;
  /** A fixed size, or null for a dynamic one. */
  dims: (number | null)[];
}

export const ONNX_FLOAT = 1;
export const ONNX_UINT8 = 2;

/** Throws Error for bytes that are no ONNX model. */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  const model = fieldsOf(bytes);
  const graph = model.find((field) => field.number === 7);
  if (graph === undefined) throw new Error("not an ONNX model: it has no graph");
  const graphFields = fieldsOf(graph.bytes);
  const externalFiles = new Set<string>();
  findExternal(graphFields, externalFiles);
  for (const body of all(model, 25)) for (const node of all(fieldsOf(body.bytes), 7)) findExternalInNode(node, externalFiles);
  const initializers = new Set(all(graphFields, 5).map((tensor) => textOf(fieldsOf(tensor.bytes), 8)));
  return {
    // Old exporters list their weights among the inputs.
    inputs: all(graphFields, 11).map(valueOf).filter((input) => !initializers.has(input.name)),
    outputs: all(graphFields, 12).map(valueOf),
    metadata: Object.fromEntries(all(model, 14).map((entry) => keyAndValue(entry.bytes))),
    opset: opsetOf(model),
    externalFiles: [...externalFiles],
  };
}

/** OperatorSetIdProto: a domain, empty or "ai.onnx" for ONNX's own, and a version. */
function opsetOf(model: Field[]): number {
  const sets = all(model, 8).map((set) => fieldsOf(set.bytes));
  const own = sets.find((fields) => ["", "ai.onnx"].includes(textOf(fields, 1)));
  return own?.find((field) => field.number === 2)?.value ?? 1;
}

/** GraphProto: initializers, sparse ones, and what hides in the attributes of nodes (constants, sub-graphs). */
function findExternal(graph: Field[], found: Set<string>): void {
  for (const tensor of all(graph, 5)) findExternalInTensor(tensor, found);
  for (const sparse of all(graph, 15)) for (const part of fieldsOf(sparse.bytes)) if (part.number <= 2) findExternalInTensor(part, found);
  for (const node of all(graph, 1)) findExternalInNode(node, found);
}

function findExternalInNode(node: Field, found: Set<string>): void {
  for (const attribute of all(fieldsOf(node.bytes), 5)) {
    for (const part of fieldsOf(attribute.bytes)) {
      if (part.number === 5 || part.number === 10) findExternalInTensor(part, found);
      if (part.number === 6 || part.number === 11) findExternal(fieldsOf(part.bytes), found);
      if (part.number === 22 || part.number === 23) for (const inner of fieldsOf(part.bytes)) if (inner.number <= 2) findExternalInTensor(inner, found);
    }
  }
}

function findExternalInTensor(tensor: Field, found: Set<string>): void {
  const fields = fieldsOf(tensor.bytes);
  const entries = all(fields, 13).map((entry) => keyAndValue(entry.bytes));
  const external = fields.some((field) => field.number === 14 && field.value === 1);
  if (external || entries.length > 0) found.add(entries.find(([key]) => key === "location")?.[1] ?? "(not named)");
}

/** ValueInfoProto -> its tensor type's element type and shape. */
function valueOf(field: Field): OnnxValue {
  const fields = fieldsOf(field.bytes);
  const tensor = first(first(fields, 2), 1);
  const shape = first(tensor, 2);
  const dims = all(shape, 1).map((dim) => {
    const size = fieldsOf(dim.bytes).find((part) => part.number === 1)?.value;
    return size !== undefined && size > 0 ? size : null;
  });
  return { name: textOf(fields, 1), elementType: tensor.find((part) => part.number === 1)?.value ?? 0, dims };
}

function keyAndValue(bytes: Uint8Array): [string, string] {
  const fields = fieldsOf(bytes);
  return [textOf(fields, 1), textOf(fields, 2)];
}
