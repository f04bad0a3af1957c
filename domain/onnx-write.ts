import { all, bytesOf, contentField, fieldsOf, numberField, textOf, type Field } from "./protobuf.ts";

/** Changes to the graph of an ONNX file; all that is not changed is written as it was read. */

export interface OnnxNode {
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  /** Whole numbers among the attributes, one or a list. */
  attributes: Record<string, number | number[]>;
  /** Attributes of other kinds, and whatever else the node has. */
  rest: Field[];
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  /** Changes the element type of an input. */
  retype(input: string, elementType: number): void;
  /** A further input of the graph with one float. */
  addInput(name: string): void;
  /** A constant: float32 or int64. No dims: one value, not a list. */
  addConstant(name: string, values: number[], options: { type: "float" | "int64"; dims: number[] }): void;
  /** The file, its nodes in an order in which each comes after those that it needs. Throws Error where there is none. */
  bytes(): Uint8Array<ArrayBuffer>;
}

const FLOAT = 1;
const INT64 = 7;

/** Throws Error for bytes that are no ONNX model. */
export function openOnnx(bytes: Uint8Array): OnnxGraph {
  const model = fieldsOf(bytes);
  const place = model.findIndex(({ number }) => number === 7);
  if (place < 0) throw new Error("not an ONNX model: it has no graph");
  // Value infos of what lies between (13) would speak of shapes that are no longer so.
  const graph = fieldsOf(model[place]!.bytes).filter(({ number }) => number !== 13);
  const nodes = all(graph, 1).map(nodeOf);
  const others = graph.filter(({ number }) => number !== 1);
  return {
    nodes,
    retype(input, elementType) {
      others.forEach((field, i) => {
        if (field.number === 11 && textOf(fieldsOf(field.bytes), 1) === input) others[i] = contentField(11, inside(field, [2, 1], (tensor) => [numberField(1, elementType), ...tensor.filter(({ number }) => number !== 1)]));
      });
    },
    addInput: (name) => void others.push(contentField(11, [contentField(1, name), contentField(2, [contentField(1, [numberField(1, FLOAT), contentField(2, [])])])])),
    addConstant(name, values, { type, dims }) {
      const raw = type === "float" ? new Uint8Array(Float32Array.from(values).buffer) : new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
      others.push(contentField(5, [...dims.map((dim) => numberField(1, dim)), numberField(2, type === "float" ? FLOAT : INT64), contentField(8, name), contentField(9, raw)]));
    },
    bytes: () => bytesOf(model.with(place, contentField(7, [...inOrder(nodes).map((node) => contentField(1, fieldsOfNode(node))), ...others]))),
  };
}

/** A message with the message at the end of `path` in it changed. */
function inside(field: Field, path: number[], change: (fields: Field[]) => Field[]): Field[] {
  const [next, ...rest] = path;
  const fields = fieldsOf(field.bytes);
  return next === undefined ? change(fields) : fields.map((part) => (part.number === next ? contentField(next, inside(part, rest, change)) : part));
}

function nodeOf(field: Field): OnnxNode {
  const fields = fieldsOf(field.bytes);
  const texts = (number: number): string[] => all(fields, number).map(({ bytes }) => new TextDecoder().decode(bytes));
  const node: OnnxNode = { op: textOf(fields, 4), name: textOf(fields, 3), inputs: texts(1), outputs: texts(2), attributes: {}, rest: [] };
  for (const part of fields) {
    const attribute = part.number === 5 ? wholeNumbers(fieldsOf(part.bytes)) : null;
    if (attribute !== null) node.attributes[attribute.name] = attribute.value;
    else if (part.number > 4) node.rest.push(part);
  }
  return node;
}

const ONE = 2;
const LIST = 7;

/** AttributeProto: null for what is neither a whole number (type 2) nor a list of them (type 7). */
function wholeNumbers(fields: Field[]): { name: string; value: number | number[] } | null {
  const type = all(fields, 20)[0]?.value;
  const signed = ({ value, raw }: Field): number => (raw.length === 10 ? Number(BigInt.asIntN(64, raw.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 127), 0n))) : value);
  if (type === ONE) return { name: textOf(fields, 1), value: all(fields, 3).map(signed)[0] ?? 0 };
  if (type !== LIST) return null;
  // Packed or not, as the writer liked it.
  const packed = all(fields, 8).flatMap((field) => (field.wireType === 0 ? [field] : varintsOf(field.bytes)));
  return { name: textOf(fields, 1), value: packed.map(signed) };
}

function varintsOf(bytes: Uint8Array): Field[] {
  const found: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.findIndex((byte, i) => i >= at && byte < 128) + 1;
    if (end === 0) throw new Error("not an ONNX model: it is cut off or damaged");
    // As a field of its own: tag 8 is field 1, a varint.
    found.push(fieldsOf(Uint8Array.from([8, ...bytes.subarray(at, end)]))[0]!);
    at = end;
  }
  return found;
}

function fieldsOfNode({ op, name, inputs, outputs, attributes, rest }: OnnxNode): Field[] {
  return [
    ...inputs.map((input) => contentField(1, input)),
    ...outputs.map((output) => contentField(2, output)),
    contentField(3, name),
    contentField(4, op),
    ...Object.entries(attributes).map(([key, value]) =>
      contentField(5, [contentField(1, key), ...(Array.isArray(value) ? [...value.map((item) => numberField(8, item)), numberField(20, LIST)] : [numberField(3, value), numberField(20, ONE)])]),
    ),
    ...rest,
  ];
}

/** What no node makes is an input or a constant. */
function inOrder(nodes: OnnxNode[]): OnnxNode[] {
  const maker = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const done = new Set<OnnxNode>();
  const under = new Set<OnnxNode>();
  const sorted: OnnxNode[] = [];
  const visit = (node: OnnxNode): void => {
    if (done.has(node)) return;
    if (under.has(node)) throw new Error(`the node ${node.name} needs what it makes`);
    under.add(node);
    for (const input of node.inputs) {
      const before = maker.get(input);
      if (before !== undefined) visit(before);
    }
    under.delete(node);
    done.add(node);
    sorted.push(node);
  };
  nodes.forEach(visit);
  return sorted;
}
