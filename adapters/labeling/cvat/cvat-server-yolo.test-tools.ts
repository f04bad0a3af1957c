import { strToU8, unzipSync, strFromU8, zipSync } from "fflate";
import type { LabelRow, TaskRow } from "./cvat-server-store.test-tools.ts";
import { flatten, type FlatShape } from "./flatten.ts";
import type { JobRow } from "./cvat-server-store.test-tools.ts";
import type { NewShape } from "./to-shapes.ts";

/** CVAT's formats `Ultralytics YOLO Detection 1.0` and `Ultralytics YOLO Pose 1.0`, as its documentation shows them. */

export const YOLO_FORMATS = ["Ultralytics YOLO Detection 1.0", "Ultralytics YOLO Pose 1.0"] as const;
export type YoloFormat = (typeof YOLO_FORMATS)[number];

const isPose = (format: YoloFormat): boolean => format === YOLO_FORMATS[1];
const fileName = (image: string): string => image.replace(/\.[^.]+$/, "");

/** Detection counts all labels, pose only skeletons. */
const classesOf = (format: YoloFormat, labels: LabelRow[]): LabelRow[] => (isPose(format) ? labels.filter(({ type }) => type === "skeleton") : labels);

export function exportYolo(format: YoloFormat, { task, labels, jobs, saveImages }: { task: TaskRow; labels: LabelRow[]; jobs: JobRow[]; saveImages: boolean }): Buffer {
  const classes = classesOf(format, labels);
  const frames = task.data!.frames;
  const shapes = jobs.filter(({ type }) => type === "annotation").flatMap((job) => flatten(job.data, job));
  const keypoints = Math.max(0, ...classes.map(({ sublabels }) => sublabels.length));
  const files: Record<string, Uint8Array> = {
    "data.yaml": strToU8(["path: .", "train: train.txt", ...(isPose(format) ? [`kpt_shape: [${keypoints}, 3]`] : []), "names:", ...classes.map(({ name }, i) => `  ${i}: ${name}`), ""].join("\n")),
    "train.txt": strToU8(frames.map(({ name }) => `images/train/${name}\n`).join("")),
  };
  for (const [index, { name, width, height }] of frames.entries()) {
    const rows = shapes.filter(({ frame }) => frame === index).flatMap((shape) => (isPose(format) ? poseRow(shape, classes, keypoints, width, height) : boxRow(shape, classes, width, height)));
    files[`labels/train/${fileName(name)}.txt`] = strToU8(rows.map((row) => `${row.join(" ")}\n`).join(""));
    if (saveImages) files[`images/train/${name}`] = task.data!.files.get(name)!;
  }
  return Buffer.from(zipSync(files));
}

function center(box: number[], width: number, height: number): number[] {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
  return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
}

function boxRow({ type, labelId, points, isTrack, key }: FlatShape, classes: LabelRow[], width: number, height: number): (string | number)[][] {
  if (type !== "rectangle") return [];
  return [[classes.findIndex(({ id }) => id === labelId), ...center(points, width, height), ...(isTrack ? [key.slice(1)] : [])]];
}

function poseRow({ type, labelId, elements }: FlatShape, classes: LabelRow[], keypoints: number, width: number, height: number): (string | number)[][] {
  const label = classes.find(({ id }) => id === labelId);
  if (type !== "skeleton" || label === undefined) return [];
  const points = label.sublabels.map(({ id }) => {
    const element = elements.find((one) => one.labelId === id);
    if (element === undefined || element.outside) return [0, 0, 0];
    return [element.points[0]! / width, element.points[1]! / height, element.occluded ? 1 : 2];
  });
  const placed = points.filter(([, , v]) => v !== 0);
  const box = [Math.min(...placed.map(([x]) => x!)), Math.min(...placed.map(([, y]) => y!)), Math.max(...placed.map(([x]) => x!)), Math.max(...placed.map(([, y]) => y!))];
  const padding = Array.from({ length: keypoints - points.length }, () => [0, 0, 0]);
  return [[classes.indexOf(label), ...center(box, 1, 1), ...[...points, ...padding].flat()]];
}

/** Shapes of a ZIP for a task with these labels and images. Throws where CVAT's import fails. */
export function importYolo(format: YoloFormat, archive: Buffer, { task, labels }: { task: TaskRow; labels: LabelRow[] }): NewShape[] {
  const files = unzipSync(archive);
  const yaml = files["data.yaml"];
  if (yaml === undefined) throw new Error("Failed to find YOLO dataset: no data.yaml");
  const names = new Map([...strFromU8(yaml).matchAll(/^\s+(\d+): (.+)$/gm)].map(([, number, name]) => [Number(number), name!.trim()]));
  const classes = classesOf(format, labels);
  const shapes: NewShape[] = [];
  for (const [index, { name, width, height }] of task.data!.frames.entries()) {
    const text = Object.entries(files).find(([path]) => new RegExp(`(^|/)labels/(.*/)?${fileName(name)}\\.txt$`).test(path))?.[1];
    for (const row of text === undefined ? [] : strFromU8(text).split("\n").filter((line) => line.trim() !== "")) {
      const [number = -1, ...values] = row.trim().split(/\s+/).map(Number);
      const label = classes.find((one) => one.name === names.get(number));
      if (label === undefined) throw new Error(`Failed to import annotations: no label for class ${number}`);
      const common = { label_id: label.id, frame: index, group: 0, source: "manual", rotation: 0, occluded: false, outside: false, attributes: [] };
      if (isPose(format)) {
        const points = values.slice(4, 4 + 3 * label.sublabels.length);
        const elements = label.sublabels.map(({ id }, i) => ({ ...common, type: "points", label_id: id, points: [points[3 * i]! * width, points[3 * i + 1]! * height], occluded: points[3 * i + 2] === 1, outside: points[3 * i + 2] === 0 }));
        shapes.push({ ...common, type: "skeleton", points: [], elements });
      } else {
        const [cx = 0, cy = 0, w = 0, h = 0] = values;
        shapes.push({ ...common, type: "rectangle", points: [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height], elements: [] });
      }
    }
  }
  return shapes;
}
