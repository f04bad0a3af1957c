/** manifest.json: what a dataset was made of. Written last: where it is, the dataset is whole. */
export interface Manifest {
  task_id: string;
  round: number;
  /** The only source of the labels; of several, or of an imported dataset, the hash is of all of them. */
  snapshot: { key: string; sha256: string };
  /** By video; absent in what was made before there could be several. `video`: the task that it is of; null: imported. */
  sources?: DatasetSource[];
  task: "detect" | "pose";
  classes: string[];
  keypoints: string[];
  flip_idx: number[] | null;
  /** names: what the keypoints' names say, given or not; given: other than they say; unknown: no horizontal flips; none: no keypoints. */
  flip_idx_from: "given" | "names" | "unknown" | "none";
  images: ManifestImage[];
  /** Reviewed frames between train and val that neither uses. Of several videos: counted only. */
  gap: number[];
  /** Frames that were not reviewed. Of several videos: counted only. */
  left_out: number[];
  counts: {
    reviewed: number;
    train: number;
    val: number;
    gap: number;
    left_out: number;
    /** Images without an object. */
    background: number;
    /** Over all images, one that serves both splits counted once. */
    boxes: number;
    boxes_by_source: Record<string, number>;
    /** Boxes that no person confirmed: always 0, counted in what was written. */
    unreviewed_boxes: number;
  };
  /** Seconds between the nearest train and val frame of one video; null where no video has both, or times are not known. */
  min_train_val_distance_s: number | null;
  notes: string[];
}

export interface ManifestImage {
  image: string;
  label: string;
  split: "train" | "val";
  /** The task that the video is of; null: imported. */
  video?: string | null;
  /** Number of the frame in its video; of an imported image its place in the list. */
  frame: number;
  /** Seconds; null: not known. */
  time: number | null;
  source_image: string;
  labels_sha256: string;
  boxes: number;
}

export interface DatasetSource {
  video: string | null;
  key: string;
  sha256: string;
}
