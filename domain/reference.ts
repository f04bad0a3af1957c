/** reference.json: what a model found in images before it was exported, and what every runtime must find in them too. The trainer writes it. */
export interface Reference {
  imgsz: number;
  /** Detections are listed down to this less the tolerance (domain/parity). */
  confidence: number;
  /** Of the non-maximum suppression. */
  iou: number;
  images: ReferenceImage[];
}

/** An image exactly as the network gets it, in the file of that name beside reference.json. Pixels of that image. */
export interface ReferenceImage {
  file: string;
  width: number;
  height: number;
  detections: { box: [number, number, number, number]; score: number; class_id: number; keypoints: [number, number, number][] }[];
}
