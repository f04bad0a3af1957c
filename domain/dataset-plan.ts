import { InputError } from "./errors.ts";
import { deriveFlipIdx, isFlip } from "./flip.ts";
import { canonicalJson, sha256Of } from "./hash.ts";
import type { FrameLabels, Snapshot } from "./labels.ts";
import type { trainKeys } from "./layout.ts";
import type { Manifest, ManifestImage } from "./manifest.ts";
import { splitVideos, type VideosSplit } from "./split-videos.ts";
import type { StepInput } from "./steps.ts";
import type { TaskSettings } from "./task.ts";
import { yoloLabels, type DatasetKind } from "./yolo.ts";

/** Approved labels of one video. */
export interface LabelSource {
  task_id: string;
  /** Of the snapshot in storage. */
  key: string;
  snapshot: Snapshot;
}

export interface DatasetPlan {
  manifest: Manifest;
  kind: DatasetKind;
  /** As in the manifest, each with its labels. */
  images: { image: ManifestImage; text: string }[];
}

type Origin = Manifest["flip_idx_from"];

/** Which images a dataset gets, and their labels. `before`: what lies there already; its split is kept where the labels are the same. Throws InputError for labels that cannot train. */
export function planDataset(options: { of: StepInput; keys: ReturnType<typeof trainKeys>; sources: LabelSource[]; settings: TaskSettings; before: Manifest | null }): DatasetPlan {
  const { of, keys, sources, settings, before } = options;
  const [first] = sources;
  if (first === undefined) throw new RangeError("no labels to make a dataset of");
  checkAlike(sources);
  const { kind, origin } = kindOf(first.snapshot, settings);
  checkContents(sources, kind);

  const several = sources.length > 1;
  const listed = sources.map(({ task_id: video, key, snapshot }) => ({ video, key, sha256: snapshot.sha256 }));
  const snapshot = several ? { key: first.key, sha256: sha256Of(canonicalJson(listed)) } : { key: first.key, sha256: first.snapshot.sha256 };
  const videos = sources.map(({ task_id: video, snapshot: { frames } }) => ({ video, frames: frames.map(({ frame, time, objects }) => ({ frame, time, contents: contentsOf(objects, kind) })) }));
  const split = keptSplit(before, snapshot.sha256, first.task_id) ?? splitVideos(videos);

  const used = new Map<FrameLabels, ManifestImage>();
  const images = (["train", "val"] as const).flatMap((side) =>
    sources.flatMap(({ task_id: video, snapshot: { frames } }) => {
      const byNumber = new Map(frames.map((frame) => [frame.frame, frame]));
      const place = several ? { of: video } : {};
      return (split.parts.get(video)?.[side] ?? []).map((number) => {
        const frame = byNumber.get(number)!;
        const text = yoloLabels(frame, kind);
        const image: ManifestImage = { image: keys.image(side, number, place), label: keys.label(side, number, place), split: side, ...(several ? { video } : {}), frame: number, time: frame.time, source_image: frame.image_key, labels_sha256: sha256Of(text), boxes: frame.objects.length };
        used.set(frame, image);
        return { image, text };
      });
    }),
  );
  const gaps = [...split.parts.values()].flatMap(({ gap }) => gap);
  const leftOut = sources.flatMap((source) => source.snapshot.left_out);
  const manifest: Manifest = {
    task_id: of.taskId,
    round: of.round,
    snapshot,
    ...(several ? { sources: listed } : {}),
    task: kind.task,
    classes: kind.classes,
    keypoints: kind.keypoints,
    flip_idx: kind.flipIdx,
    flip_idx_from: origin,
    images: images.map(({ image }) => image),
    gap: several ? [] : gaps,
    left_out: several ? [] : leftOut,
    counts: { reviewed: sources.reduce((sum, source) => sum + source.snapshot.frames.length, 0), train: sideOf(images, "train"), val: sideOf(images, "val"), gap: gaps.length, left_out: leftOut.length, ...countsOf([...used.keys()]) },
    min_train_val_distance_s: split.minDistance,
    notes: [...split.notes, ...flipNotes(kind, origin)],
  };
  if (manifest.counts.unreviewed_boxes > 0) throw new InputError({ field: "snapshot", message: `${manifest.counts.unreviewed_boxes} boxes of ${listed.map(({ key }) => key).join(", ")} were confirmed by nobody.`, whatToDo: "Review their frames and approve again.", status: 422 });
  return { manifest, kind, images };
}

const sideOf = (images: DatasetPlan["images"], side: string): number => images.filter(({ image }) => image.split === side).length;

/** Tasks that train together teach the same things under the same names. */
function checkAlike([first, ...others]: LabelSource[]): void {
  for (const { task_id, snapshot } of others) {
    const of = (list: string[], sorted: boolean): string => JSON.stringify(sorted ? list.toSorted() : list);
    const same = of(snapshot.classes, true) === of(first!.snapshot.classes, true) && of(snapshot.keypoints, false) === of(first!.snapshot.keypoints, false);
    if (!same) throw new InputError({ field: "data_path", message: `The labels of ${task_id} have other classes or keypoints than those of ${first!.task_id}.`, whatToDo: "Train together only tasks with the same classes and the same keypoints in the same order.", status: 422 });
  }
}

function kindOf({ classes, keypoints }: Snapshot, settings: TaskSettings): { kind: DatasetKind; origin: Origin } {
  const asked = settings.training.task ?? "auto";
  if (asked === "pose" && keypoints.length === 0) throw new InputError({ field: "training.task", message: "A pose model needs keypoints, and this task names none.", whatToDo: "Set training.task to detect, or start a task that names keypoints.", status: 422 });
  if (asked === "detect" || keypoints.length === 0) return { kind: { task: "detect", classes, keypoints: [], flipIdx: null }, origin: "none" };
  const given = settings.flip_idx;
  if (given !== null && !isFlip(given, keypoints.length)) throw new InputError({ field: "flip_idx", message: `flip_idx [${given.join(", ")}] does not say for each of ${keypoints.length} keypoints which one it becomes in a mirror image.`, whatToDo: "Pairs point at each other, a keypoint on the midline at itself; or leave flip_idx out.", status: 422 });
  const derived = deriveFlipIdx(keypoints);
  const flipIdx = given ?? derived;
  const kind: DatasetKind = { task: "pose", classes, keypoints, flipIdx };
  if (flipIdx === null) return { kind, origin: "unknown" };
  return { kind, origin: flipIdx.join() === derived?.join() ? "names" : "given" };
}

function contentsOf(objects: FrameLabels["objects"], { task, keypoints }: DatasetKind): string[] {
  const points = objects.flatMap((object) => object.keypoints.flatMap(([, , v], index) => (v === 0 ? [] : [`keypoint ${keypoints[index] ?? ""}`])));
  return [...new Set([...objects.map((object) => `class ${object.class}`), ...(task === "pose" ? points : [])])];
}

function checkContents(sources: LabelSource[], kind: DatasetKind): void {
  const found = new Set(sources.flatMap(({ snapshot }) => snapshot.frames.flatMap(({ objects }) => contentsOf(objects, kind))));
  const missing = missingOf(kind, found);
  if (missing === null) return;
  const { field, names } = missing;
  throw new InputError({ field, message: `No reviewed frame has the ${field}: ${names.join(", ")}.`, whatToDo: "Label each of them in at least one frame and approve again, or start a task without them.", status: 422 });
}

/** What was never labeled cannot be learned, and spoils the figures of what was. `found`: `class mouse`, `keypoint nose`. */
export function missingOf(kind: DatasetKind, found: Set<string>): { field: "classes" | "keypoints"; names: string[] } | null {
  const classes = kind.classes.filter((name) => !found.has(`class ${name}`));
  if (classes.length > 0) return { field: "classes", names: classes };
  const keypoints = kind.keypoints.filter((name) => !found.has(`keypoint ${name}`));
  return keypoints.length > 0 ? { field: "keypoints", names: keypoints } : null;
}

/** The split of the same labels is kept, also by a later version of this program that would split otherwise. */
function keptSplit(before: Manifest | null, sha256: string, only: string): VideosSplit | null {
  if (before?.snapshot.sha256 !== sha256) return null;
  const notes = before.notes.filter((note) => !note.startsWith(FLIPS));
  const videos = before.sources?.map(({ video }) => video ?? only) ?? [only];
  const of = (video: string, side: "train" | "val"): number[] => before.images.filter((image) => image.split === side && (image.video ?? only) === video).map(({ frame }) => frame);
  const parts = new Map(videos.map((video) => [video, { train: of(video, "train"), val: of(video, "val"), gap: before.gap }]));
  return { parts, minDistance: before.min_train_val_distance_s, notes };
}

const FLIPS = "Horizontal flips";
function flipNotes({ keypoints, flipIdx }: DatasetKind, origin: Origin): string[] {
  if (origin === "unknown") return [`${FLIPS} are off: no flip_idx was given and the keypoints' names do not pair.`];
  if (origin !== "names" || flipIdx === null) return [];
  const pairs = flipIdx.flatMap((to, from) => (from < to ? [`${keypoints[from]} and ${keypoints[to]}`] : []));
  return [`${FLIPS} swap ${pairs.join(", ")}, by their names.`];
}

function countsOf(used: FrameLabels[]): Pick<Manifest["counts"], "background" | "boxes" | "boxes_by_source" | "unreviewed_boxes"> {
  const objects = used.flatMap((frame) => frame.objects.map((object) => ({ ...object, isReviewed: object.confirmed && frame.status === "reviewed" })));
  const bySource: Record<string, number> = {};
  for (const { source } of objects) bySource[source] = (bySource[source] ?? 0) + 1;
  return {
    background: used.filter((frame) => frame.objects.length === 0).length,
    boxes: objects.length,
    boxes_by_source: bySource,
    unreviewed_boxes: objects.filter(({ isReviewed }) => !isReviewed).length,
  };
}
