import { parse } from "yaml";
import { InputError } from "./errors.ts";
import { isFlip } from "./flip.ts";
import type { DatasetKind } from "./yolo.ts";

/** A dataset of others in YOLO's format: what its data.yaml says. Folders are as they stand there, of one split each. */
export interface YoloData {
  kind: DatasetKind;
  /** Values of a keypoint in a row: x, y, and with 3 the visibility. */
  dims: 2 | 3;
  /** What the folders are under; null: the yaml's own. */
  path: string | null;
  folders: { train: string[]; val: string[] };
}

const refuse = (message: string, whatToDo: string): InputError => new InputError({ field: "data_path", message, whatToDo });
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** `place`: for people, where the file is. Throws InputError 400 (`data_path`) for what is no data.yaml that can train. */
export function readDataYaml(text: string, place: string): YoloData {
  const parsed = parseYaml(text, place);
  const folders = { train: foldersOf(parsed["train"], "train", place), val: foldersOf(parsed["val"], "val", place) };
  const classes = namesOf(parsed["names"], place);
  const shape = parsed["kpt_shape"];
  const path = isText(parsed["path"]) ? parsed["path"] : null;
  if (shape === undefined || shape === null) return { kind: { task: "detect", classes, keypoints: [], flipIdx: null }, dims: 3, path, folders };
  const [count, dims] = Array.isArray(shape) ? (shape as unknown[]) : [];
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > 100 || (dims !== 2 && dims !== 3)) throw refuse(`${place}: kpt_shape is ${JSON.stringify(shape)}`, "give kpt_shape: [number of keypoints, 2 or 3]");
  const keypoints = keypointNames(parsed["kpt_names"], count, place);
  const flip = parsed["flip_idx"] ?? null;
  if (flip !== null && !(Array.isArray(flip) && isFlip(flip as number[], count))) throw refuse(`${place}: flip_idx does not say for each of ${count} keypoints which one it becomes in a mirror image`, "give pairs that point at each other, or leave flip_idx out");
  return { kind: { task: "pose", classes, keypoints, flipIdx: flip as number[] | null }, dims, path, folders };
}

function parseYaml(text: string, place: string): Record<string, unknown> {
  try {
    // Aliases could make a small file enormous.
    const value: unknown = parse(text, { maxAliasCount: 0 });
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new InputError({ field: "data_path", message: `${place} is no YAML`, whatToDo: "give a data.yaml with train, val and names", cause });
  }
  throw refuse(`${place} is no data.yaml`, "give a data.yaml with train, val and names");
}

function foldersOf(value: unknown, name: string, place: string): string[] {
  const folders = Array.isArray(value) ? (value as unknown[]) : [value];
  if (folders.length > 0 && folders.every(isText) && !folders.some((folder) => folder.endsWith(".txt"))) return folders;
  throw refuse(`${place} names no folder of images as ${name}`, `give ${name}: images/${name}`);
}

function namesOf(value: unknown, place: string): string[] {
  const names = typeof value === "object" && value !== null ? Object.entries(value).map(([index, name]) => [Number(index), name] as const) : [];
  const inOrder = names.toSorted((a, b) => a[0] - b[0]);
  if (inOrder.length > 0 && inOrder.every(([index, name], i) => index === i && isText(name))) return inOrder.map(([, name]) => name as string);
  throw refuse(`${place}: names must number the classes from 0 without a gap`, "give names: { 0: mouse, 1: rat }");
}

function keypointNames(value: unknown, count: number, place: string): string[] {
  const list = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.values(value)[0] : value;
  if (list === undefined || list === null) return Array.from({ length: count }, (_, i) => `keypoint_${i}`);
  if (Array.isArray(list) && list.length === count && list.every(isText)) return list;
  throw refuse(`${place}: kpt_names has not one name for each of ${count} keypoints`, "correct kpt_names, or leave it out");
}

export interface YoloFile {
  /** The rows, as this program's trainer reads them: three values a keypoint. */
  text: string;
  boxes: number;
  /** `class mouse`, `keypoint nose`: what occurs. */
  contents: string[];
}

/** A label file, checked. `file`: for people. Throws InputError 422 (`data_path`), with the line, for rows that are not this dataset's. */
export function readYoloLabels(content: string, { kind, dims }: Pick<YoloData, "kind" | "dims">, file: string): YoloFile {
  const width = 5 + kind.keypoints.length * dims;
  const contents = new Set<string>();
  const rows: string[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const wrong = (what: string): InputError => new InputError({ field: "data_path", message: `${file} line ${index + 1} ${what}`, whatToDo: "correct the row: class, centre x and y, width, height, then the keypoints, all but the class in 0..1", status: 422 });
    const row = line.trim().split(/\s+/).map(Number);
    if (!row.every(Number.isFinite)) throw wrong("is no row of numbers");
    // CVAT writes the track's number at the end.
    if (row.length !== width && row.length !== width + 1) throw wrong(`has ${row.length} numbers, not ${width}`);
    const [id = -1, x = 0, y = 0, w = 0, h = 0] = row;
    const name = kind.classes[id];
    if (name === undefined) throw wrong(`names class ${id}, of which data.yaml knows nothing`);
    if (Math.min(w, h) <= 0 || Math.max(x, y, w, h) > 1.001 || Math.min(x, y) < -0.001) throw wrong("has a box without size or outside of the image");
    contents.add(`class ${name}`);
    const points = kind.keypoints.flatMap((keypoint, k) => {
      const [px = 0, py = 0, given] = row.slice(5 + k * dims, 5 + (k + 1) * dims);
      const seen = given ?? (px === 0 && py === 0 ? 0 : 2);
      if (seen > 0) contents.add(`keypoint ${keypoint}`);
      return [px, py, seen];
    });
    rows.push([id, x, y, w, h, ...points].join(" "));
  }
  return { text: rows.map((row) => `${row}\n`).join(""), boxes: rows.length, contents: [...contents] };
}
