import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { modelFactsOf, type ModelFacts } from "../../domain/model-facts.ts";
import { readOnnxFile } from "../../domain/onnx-file.ts";
import { openOnnx } from "../../domain/onnx-write.ts";
import { CONFIDENCE_INPUT, quickerGraph } from "../../domain/quicker-graph.ts";
import { fixture, LIMITS } from "./lab.test-tools.ts";
import { decodeOutput } from "./decode-output.ts";
import { run, type LoadedModel } from "./onnx-run.ts";
import { quickerModel } from "./quicker-model.ts";

const factsOf = (bytes: Uint8Array): ModelFacts => modelFactsOf(readOnnxFile(bytes));
const open = (bytes: Uint8Array): Promise<InferenceSession> => InferenceSession.create(bytes, { intraOpNumThreads: 1 });
const load = async (bytes: Uint8Array): Promise<LoadedModel> => ({ session: await open(bytes), facts: factsOf(bytes), quick: false });

/** Big spots of colour: what the fixture's random weights make most of. */
function image(seed: number, { height, width }: { height: number; width: number }): Uint8Array {
  return Uint8Array.from({ length: 3 * height * width }, (_, i) => Math.round(127 + 127 * Math.sin(((i % width) * (seed + 3)) / 29 + Math.floor(i / width) / (7 + seed))));
}

describe("a quicker graph", () => {
  it("finds what the file as it is finds, in any size, with any confidence", async () => {
    const bytes = await fixture("yolo-pose");
    const asItIs = await load(bytes);
    const quick = await quickerModel(asItIs, bytes, open);
    expect(quick?.session.inputNames).toEqual(["images", CONFIDENCE_INPUT]);
    const counts = new Set<number>();
    for (const [i, size] of [{ height: 64, width: 64 }, { height: 64, width: 160 }, { height: 96, width: 32 }].entries()) {
      const one = { images: [image(i, size)], ...size };
      const whole = await run(asItIs, { ...one, confidence: 0 });
      for (const confidence of [0, 0.05, 0.25, 0.5, 0.8, 1]) {
        const limits = { ...LIMITS, confidence, iou: 0.7 };
        const wanted = decodeOutput({ ...whole, image: 0, facts: asItIs.facts, limits });
        const few = await run(quick!, { ...one, confidence });
        const found = decodeOutput({ ...few, image: 0, facts: asItIs.facts, limits });
        counts.add(found.length);
        expect(few.dims[2]!).toBeLessThanOrEqual(whole.dims[2]!);
        expect(found.map(({ classId }) => classId)).toEqual(wanted.map(({ classId }) => classId));
        const numbers = (detections: typeof found): number[] => detections.flatMap(({ box, score, keypoints }) => [...box, score, ...keypoints.flat()]);
        numbers(found).forEach((value, k) => expect(Math.abs(value - numbers(wanted)[k]!)).toBeLessThan(1e-4));
      }
    }
    // Something, nothing, and much: else nothing was compared.
    expect(counts.has(0)).toBe(true);
    expect(counts.size).toBeGreaterThan(3);
  });

  it("is not made of other heads, and not used where it says something else or does not run", async () => {
    for (const file of ["detect", "end2end", "all/pose-raw-dynamic-uint8", "all/pose-end2end-fixed-float"]) expect(quickerGraph(await fixture(file), factsOf(await fixture(file))), file).toBeNull();
    const bytes = await fixture("yolo-pose");
    expect(quickerGraph(bytes, { ...factsOf(bytes), batch: 4 })).toBeNull();
    const changed = (change: (nodes: ReturnType<typeof openOnnx>["nodes"]) => void) => async (quick: Uint8Array): Promise<InferenceSession> => {
      const graph = openOnnx(quick);
      change(graph.nodes);
      return await open(graph.bytes());
    };
    const node = (nodes: ReturnType<typeof openOnnx>["nodes"], name: string): (typeof nodes)[number] => nodes.find((each) => each.name === name)!;
    const asItIs = await load(bytes);
    expect(await quickerModel(asItIs, bytes, changed(() => undefined))).not.toBeNull();
    expect(await quickerModel(asItIs, bytes, changed((nodes) => (node(nodes, "actverse/above").op = "Identity")))).toBeNull();
    expect(await quickerModel(asItIs, bytes, changed((nodes) => (node(nodes, "actverse/scaled").op = "Mul")))).toBeNull();
    expect(await quickerModel(asItIs, bytes, changed((nodes) => (node(nodes, "actverse/above").op = "NoSuchOperator")))).toBeNull();
    // The file as it is goes on.
    expect((await run(asItIs, { images: [image(0, { height: 64, width: 64 })], height: 64, width: 64, confidence: 0 })).dims[0]).toBe(1);
  });

  it("shows a score that is no number", async () => {
    const bytes = await fixture("yolo-pose");
    const graph = openOnnx(bytes);
    // Scores become 0 / 0.
    const output = graph.nodes.find(({ outputs }) => outputs.includes("output0"))!;
    const scores = graph.nodes.find(({ outputs }) => outputs.includes(output.inputs[1]!))!;
    const logits = scores.inputs[0]!;
    graph.nodes.push({ op: "Sub", name: "zeros", inputs: [logits, logits], outputs: ["zeros"], attributes: {}, rest: [] }, { op: "Div", name: "nan", inputs: ["zeros", "zeros"], outputs: ["nan"], attributes: {}, rest: [] });
    graph.nodes.push({ op: "Max", name: "or-nan", inputs: [logits, "nan"], outputs: ["or-nan"], attributes: {}, rest: [] });
    const quick = openOnnx(quickerGraph(bytes, factsOf(bytes))!);
    for (const node of graph.nodes.slice(-3)) quick.nodes.push(node);
    quick.nodes.find(({ name }) => name === scores.name)!.inputs[0] = "or-nan";
    const session = await open(quick.bytes());
    const found = await session.run({ images: new Tensor("uint8", new Uint8Array(3 * 64 * 64), [1, 3, 64, 64]), [CONFIDENCE_INPUT]: new Tensor("float32", [1], []) });
    const { data, dims } = found["output0"]!;
    expect(dims[2]).toBeGreaterThan(0);
    expect(() => decodeOutput({ data: data as Float32Array, dims, image: 0, facts: factsOf(bytes), limits: LIMITS })).toThrow(/not numbers/);
  });
});
