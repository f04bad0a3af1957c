import { ONNX_FLOAT, ONNX_UINT8, type OnnxFile } from "./onnx-file.ts";
import { parsePythonLiteral, type PythonValue } from "./python-literal.ts";

/** int8: most of its arithmetic is in 8 bit. */
export type Precision = "float32" | "int8";

/** What is needed to feed an Ultralytics detect or pose model and to read its output; from its file, never assumed. */
export interface ModelFacts {
  task: "detect" | "pose";
  classes: string[];
  keypoints: string[];
  /** Values per keypoint in the output: 2 (x, y) or 3 (x, y, score). */
  keypointDims: number;
  inputName: string;
  outputName: string;
  /** float: 0..1; uint8: 0..255, the graph scales by itself. */
  inputType: "float" | "uint8";
  /** null: any number of images at once. */
  batch: number | null;
  /** Height, width. */
  imgsz: [number, number];
  dynamicSize: boolean;
  stride: number;
  /** Version of ONNX's operators. */
  opset: number;
  /** As the file says; one that says nothing is float32. */
  precision: Precision;
}

/** What a file may ask for: its own numbers decide how much memory is taken. */
const MAX_SIDE = 8192;
const MAX_KEYPOINTS = 1000;
const MAX_STRIDE = 256;
/** Of a fixed batch: as many as 64 images of 1024 x 1024. */
const MAX_PIXELS = 64 * 1024 * 1024;

/** Names that the file itself may lack (model.json). */
export interface GivenNames {
  classes?: string[];
  keypoints?: string[];
}

/** Throws Error with the reason where the file is no model that can serve here. */
export function modelFactsOf(file: OnnxFile, given: GivenNames = {}): ModelFacts {
  if (file.externalFiles.length > 0) throw new Error(`it wants to read its weights from other files (${file.externalFiles.slice(0, 3).join(", ")}); all must be in the one .onnx file`);
  const [input, ...moreInputs] = file.inputs;
  const [output] = file.outputs;
  if (input === undefined || moreInputs.length > 0 || output === undefined) throw new Error(`it has ${file.inputs.length} inputs and ${file.outputs.length} outputs; one image input is needed`);
  const [batch, channels, height, width] = input.dims;
  if (input.dims.length !== 4 || (channels !== 3 && channels !== null)) throw new Error(`its input has the shape [${shown(input.dims)}]; [batch, 3, height, width] is needed`);
  if (input.elementType !== ONNX_FLOAT && input.elementType !== ONNX_UINT8) throw new Error("its input is neither float32 nor uint8");
  if (output.elementType !== ONNX_FLOAT) throw new Error("its output is not float32");

  const read = (key: string): PythonValue => literal(file.metadata[key]);
  const [count, keypointDims] = numbers(read("kpt_shape"));
  const task = file.metadata["task"] ?? (count === undefined ? "detect" : "pose");
  if (task !== "detect" && task !== "pose") throw new Error(`it is a model for the task "${task}"; detect and pose can be used`);
  const classes = namesOf(read("names")) ?? given.classes;
  if (classes === undefined || classes.length === 0) throw new Error("it does not name its classes, and there is no model.json with `classes` beside it");
  if (task === "pose" && (count === undefined || (keypointDims !== 2 && keypointDims !== 3))) throw new Error("it is a pose model that does not say how many keypoints it has (kpt_shape)");
  const [trainedHeight, trainedWidth] = sizeOf(read("imgsz"));
  const imgsz: [number, number] = [height ?? trainedHeight, width ?? trainedWidth];
  const stride = numbers([read("stride")])[0] ?? 32;
  if (Math.max(...imgsz) > MAX_SIDE) throw new Error(`it wants images of ${imgsz[1]}x${imgsz[0]}; at most ${MAX_SIDE} pixels a side can be used`);
  if ((batch ?? 1) * imgsz[0] * imgsz[1] > MAX_PIXELS) throw new Error(`it wants ${batch ?? 1} images of ${imgsz[1]}x${imgsz[0]} at once, which is too much`);
  if ((count ?? 0) > MAX_KEYPOINTS) throw new Error(`it has ${count} keypoints; at most ${MAX_KEYPOINTS} can be used`);
  if (stride > MAX_STRIDE) throw new Error(`it has a stride of ${stride}; at most ${MAX_STRIDE} can be used`);
  return {
    task,
    classes,
    keypoints: task === "detect" ? [] : keypointNames(read("kpt_names"), given.keypoints, count ?? 0),
    keypointDims: task === "detect" ? 0 : (keypointDims ?? 3),
    inputName: input.name,
    outputName: output.name,
    inputType: input.elementType === ONNX_UINT8 ? "uint8" : "float",
    batch: batch ?? null,
    imgsz,
    dynamicSize: height === null && width === null,
    stride,
    opset: file.opset,
    precision: file.metadata["precision"] === "int8" ? "int8" : "float32",
  };
}

/** Where the file has no names for them, or not as many, the given ones; else keypoint0, keypoint1, ... */
function keypointNames(own: PythonValue, given: string[] | undefined, count: number): string[] {
  // Ultralytics writes one list for each class; they are the same.
  const names = own instanceof Map ? namesOf([...own.values()][0] ?? null) : namesOf(own);
  if (names?.length === count) return names;
  return given?.length === count ? given : Array.from({ length: count }, (_, i) => `keypoint${i}`);
}

/** A list of names, or a dictionary from index to name. */
function namesOf(value: PythonValue): string[] | undefined {
  if (Array.isArray(value)) return value.map(String);
  if (!(value instanceof Map)) return undefined;
  return Array.from({ length: value.size }, (_, i) => {
    const name = value.get(i);
    if (typeof name !== "string") throw new Error("its class names are not numbered 0, 1, 2, ...");
    return name;
  });
}

function sizeOf(value: PythonValue): [number, number] {
  const [height, width] = numbers(Array.isArray(value) ? value : [value]);
  return [height ?? 640, width ?? height ?? 640];
}

const numbers = (value: PythonValue): number[] => (Array.isArray(value) ? value.filter((item): item is number => typeof item === "number" && Number.isInteger(item) && item > 0) : []);
const shown = (dims: (number | null)[]): string => dims.map((dim) => dim ?? "?").join(", ");

function literal(text: string | undefined): PythonValue {
  if (text === undefined) return null;
  try {
    return parsePythonLiteral(text);
  } catch {
    return null;
  }
}
