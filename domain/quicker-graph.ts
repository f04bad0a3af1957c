import type { ModelFacts } from "./model-facts.ts";
import { ONNX_FLOAT, ONNX_UINT8 } from "./onnx-file.ts";
import { openOnnx, type OnnxGraph, type OnnxNode } from "./onnx-write.ts";

/** The further input of the changed graph: a float. */
export const CONFIDENCE_INPUT = "actverse/confidence";

/** Nodes between a head's output and what comes from its convolutions: far fewer than this. */
const HEAD_NODES = 200;

/**
 * The same model, quicker, for one image at a time: it takes bytes, and decodes boxes and keypoints only where a score is above the input
 * `CONFIDENCE_INPUT`: its output is [1, channels, those anchors], in their order; a score that is no number counts as above.
 * null where the graph does not end as Ultralytics' raw heads do. Throws Error for bytes that are no ONNX model.
 * Whether the two say the same is for the caller to try: what is recognised here are the ends of the graph, not its meaning.
 */
export function quickerGraph(bytes: Uint8Array, facts: Pick<ModelFacts, "inputName" | "outputName" | "inputType" | "batch" | "opset">): Uint8Array<ArrayBuffer> | null {
  if (facts.batch !== null && facts.batch !== 1) return null;
  const graph = openOnnx(bytes);
  const head = headOf(graph.nodes, facts.outputName);
  if (head === null) return null;
  if (facts.inputType === "float") takeBytes(graph, facts.inputName);
  const chosen = chooseAnchors(graph, head.scores, facts.opset);
  for (const tensor of [head.scores, ...head.columns]) {
    replaceInput(graph.nodes.filter((node) => !node.name.startsWith("actverse/")), tensor, `${tensor}/chosen`);
    add(graph, "Gather", [tensor, chosen], `${tensor}/chosen`, { axis: -1 });
  }
  // Without the first, which is there because no column at all is more than some operators can take.
  head.output.outputs = ["actverse/columns"];
  graph.addConstant("actverse/end", [2 ** 31 - 1], { type: "int64", dims: [1] });
  graph.addConstant("actverse/last-axis", [2], { type: "int64", dims: [1] });
  add(graph, "Slice", ["actverse/columns", "actverse/one", "actverse/end", "actverse/last-axis"], facts.outputName);
  return graph.bytes();
}

interface Head {
  output: OnnxNode;
  /** [batch, classes, anchors] */
  scores: string;
  /** What else has a column for each anchor, where it comes from the convolutions or from the grid of anchors. */
  columns: string[];
}

/** The output joins boxes, scores and keypoints; each is made of levels that are joined along the anchors, and of the grid. */
function headOf(nodes: OnnxNode[], outputName: string): Head | null {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const output = makers.get(outputName);
  if (output?.op !== "Concat" || output.attributes["axis"] !== 1) return null;
  const joinsLevels = (node: OnnxNode | undefined): boolean => node?.op === "Concat" && [-1, 2].includes(node.attributes["axis"] as number) && node.inputs.every((input) => makers.get(input)?.op === "Reshape");
  const [boxes, scores, ...keypoints] = output.inputs;
  const sigmoid = makers.get(scores ?? "");
  if (boxes === undefined || scores === undefined || sigmoid?.op !== "Sigmoid" || !joinsLevels(makers.get(sigmoid.inputs[0] ?? ""))) return null;

  const columns = new Set<string>();
  const seen = new Set<string>();
  const open = [boxes, ...keypoints];
  for (let tensor = open.pop(); tensor !== undefined; tensor = open.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    const maker = makers.get(tensor);
    if (seen.size > HEAD_NODES) return null;
    if (joinsLevels(maker) || (maker?.op === "Transpose" && String(maker.attributes["perm"]) === "1,0")) columns.add(tensor);
    else open.push(...(maker?.inputs ?? []));
  }
  return { output, scores, columns: [...columns] };
}

/** 0..255 as 0..1, to the last bit as it is done elsewhere. */
function takeBytes(graph: OnnxGraph, input: string): void {
  replaceInput(graph.nodes, input, "actverse/scaled");
  graph.retype(input, ONNX_UINT8);
  graph.addConstant("actverse/255", [255], { type: "float", dims: [] });
  add(graph, "Cast", [input], "actverse/floats", { to: ONNX_FLOAT });
  add(graph, "Div", ["actverse/floats", "actverse/255"], "actverse/scaled");
}

/** Indices of the anchors with a score above the confidence, after a first one that is always there. */
function chooseAnchors(graph: OnnxGraph, scores: string, opset: number): string {
  graph.addInput(CONFIDENCE_INPUT);
  graph.addConstant("actverse/axes", [0, 1], { type: "int64", dims: [2] });
  graph.addConstant("actverse/flat", [-1], { type: "int64", dims: [1] });
  graph.addConstant("actverse/zero", [0], { type: "int64", dims: [1] });
  graph.addConstant("actverse/one", [1], { type: "int64", dims: [1] });
  // Since then the axes are an input.
  if (opset >= 18) add(graph, "ReduceMax", [scores, "actverse/axes"], "actverse/best", { keepdims: 0 });
  else add(graph, "ReduceMax", [scores], "actverse/best", { keepdims: 0, axes: [0, 1] });
  add(graph, "LessOrEqual", ["actverse/best", CONFIDENCE_INPUT], "actverse/below");
  add(graph, "Not", ["actverse/below"], "actverse/above");
  add(graph, "NonZero", ["actverse/above"], "actverse/places");
  add(graph, "Reshape", ["actverse/places", "actverse/flat"], "actverse/anchors");
  add(graph, "Concat", ["actverse/zero", "actverse/anchors"], "actverse/chosen", { axis: 0 });
  return "actverse/chosen";
}

function add(graph: OnnxGraph, op: string, inputs: string[], output: string, attributes: OnnxNode["attributes"] = {}): void {
  graph.nodes.push({ op, name: output.startsWith("actverse/") ? output : `actverse/${output}`, inputs, outputs: [output], attributes, rest: [] });
}

function replaceInput(nodes: OnnxNode[], before: string, after: string): void {
  for (const node of nodes) node.inputs = node.inputs.map((input) => (input === before ? after : input));
}
