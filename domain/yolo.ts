import type { FrameLabels } from "./labels.ts";

/** What a dataset teaches. */
export interface DatasetKind {
  task: "detect" | "pose";
  classes: string[];
  /** Empty for detect. */
  keypoints: string[];
  /** null: a mirror image's keypoints are not known. */
  flipIdx: number[] | null;
}

/** A frame's label file: `cls cx cy w h` a line, for pose followed by `x y v` for each keypoint; normalised to 0..1. Empty for a background image. */
export function yoloLabels({ width, height, objects }: Pick<FrameLabels, "width" | "height" | "objects">, { task, classes }: DatasetKind): string {
  const part = (value: number, size: number): string => Math.min(Math.max(value / size, 0), 1).toFixed(6);
  const lines = objects.map((object) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = object.box;
    const box = [part((x1 + x2) / 2, width), part((y1 + y2) / 2, height), part(x2 - x1, width), part(y2 - y1, height)];
    const points = task === "detect" ? [] : object.keypoints.flatMap(([x = 0, y = 0, v = 0]) => (v === 0 ? ["0", "0", "0"] : [part(x, width), part(y, height), String(v)]));
    return [classes.indexOf(object.class), ...box, ...points].join(" ");
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** Of the dataset that training reads, beside data/. `path`: left out, it is where data.yaml lies, wherever that is opened from. */
const TRAINING_PLACES = { path: ".", train: "data/images/train", val: "data/images/val" };

/** data.yaml. JSON's strings and lists are YAML's too, so that names need no care of their own. */
export function dataYaml({ task, classes, keypoints, flipIdx }: DatasetKind, places: { path?: string; train: string; val: string } = TRAINING_PLACES): string {
  const perClass = (value: (name: string) => unknown): string[] => classes.map((name, index) => `  ${index}: ${JSON.stringify(value(name))}`);
  const lines = [...Object.entries(places).map(([key, place]) => `${key}: ${place}`), "names:", ...perClass((name) => name)];
  if (task === "pose") lines.push(`kpt_shape: [${keypoints.length}, 3]`, "kpt_names:", ...perClass(() => keypoints));
  if (task === "pose" && flipIdx !== null) lines.push(`flip_idx: ${JSON.stringify(flipIdx)}`);
  return `${lines.join("\n")}\n`;
}
