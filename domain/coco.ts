import type { FrameLabels, Snapshot } from "./labels.ts";

/** labels-coco.json: the approved labels as COCO has objects and keypoints. Pixels of the upright frame. */
export interface CocoFile {
  info: Record<string, unknown>;
  images: { id: number; file_name: string; width: number; height: number; frame: number; time: number }[];
  annotations: CocoAnnotation[];
  categories: { id: number; name: string; supercategory: string; keypoints?: string[]; skeleton?: [number, number][] }[];
}

export interface CocoAnnotation {
  id: number;
  image_id: number;
  category_id: number;
  /** x, y, width, height */
  bbox: [number, number, number, number];
  area: number;
  iscrowd: 0;
  segmentation: never[];
  /** x, y, v one after another; v as in COCO: 0 absent, 1 occluded, 2 visible. */
  keypoints?: number[];
  num_keypoints?: number;
  /** Which animal it is through the frames, where that was labeled. */
  attributes?: { track_id: string };
}

/** The name of a frame's picture, in COCO's list and in the YOLO archive alike. */
export const labelImageName = ({ frame }: Pick<FrameLabels, "frame">): string => `${String(frame).padStart(8, "0")}.jpg`;

/** Categories and annotations are numbered from 1, as in COCO; an image's id is its frame. */
export function cocoOf(snapshot: Snapshot, skeleton: readonly [number, number][]): CocoFile {
  const { task_id, round, approved_by, approved_at, sha256, classes, keypoints } = snapshot;
  const frames = [...snapshot.frames].sort((a, b) => a.frame - b.frame);
  const posed = keypoints.length === 0 ? {} : { keypoints, skeleton: skeleton.map(([from, to]): [number, number] => [from + 1, to + 1]) };
  const annotations = frames.flatMap((frame) => frame.objects.map((object) => ({ frame, object }))).map(({ frame, object }, i): CocoAnnotation => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = object.box;
    const pose = { keypoints: object.keypoints.flatMap(([x = 0, y = 0, v = 0]) => (v === 0 ? [0, 0, 0] : [x, y, v])), num_keypoints: object.keypoints.filter(([, , v]) => v !== 0).length };
    return {
      id: i + 1,
      image_id: frame.frame,
      category_id: classes.indexOf(object.class) + 1,
      bbox: [x1, y1, x2 - x1, y2 - y1],
      area: (x2 - x1) * (y2 - y1),
      iscrowd: 0,
      segmentation: [],
      ...(keypoints.length === 0 ? {} : pose),
      ...(object.track === undefined ? {} : { attributes: { track_id: object.track } }),
    };
  });
  return {
    info: { description: `Labels of task ${task_id}, round ${round}`, contributor: approved_by, date_created: approved_at, snapshot_sha256: sha256 },
    images: frames.map(({ frame, time, width, height }) => ({ id: frame, file_name: labelImageName({ frame }), width, height, frame, time })),
    annotations,
    categories: classes.map((name, i) => ({ id: i + 1, name, supercategory: "animal", ...posed })),
  };
}
