import { diagonal, type Box } from "../boxes.ts";
import type { Detection } from "../detections.ts";
import type { LookSum } from "./looks.ts";

/** Sightings kept at each end. */
const ENDS = 6;

export interface Place {
  frame: number;
  box: Box;
}

/** One sighting of a tracklet. */
export interface Hit extends Place {
  keypoints: [number, number, number][];
}

/** A stretch of sightings of one animal, without long gaps and all equally sure: what the joining works on. */
export interface Tracklet {
  index: number;
  classId: number;
  hits: number;
  scoreSum: number;
  /** Mean of the box diagonals, pixels. */
  size: number;
  first: Hit;
  last: Hit;
  /** A few sightings at each end, in order: they tell the speed there. Without keypoints: a night has tens of thousands of tracklets. */
  head: Place[];
  tail: Place[];
  /** How the animal looks, from the sightings in which nobody else was near; null where there are none. */
  look: LookSum | null;
}

export function startTracklet(index: number, detection: Detection, frame: number): Tracklet {
  const place: Place = { frame, box: detection.box };
  const hit: Hit = { ...place, keypoints: detection.keypoints };
  return { index, classId: detection.classId, hits: 1, scoreSum: detection.score, size: diagonal(detection.box), first: hit, last: hit, head: [place], tail: [place], look: null };
}

export function lengthen(tracklet: Tracklet, detection: Detection, frame: number): void {
  const place: Place = { frame, box: detection.box };
  tracklet.hits += 1;
  tracklet.scoreSum += detection.score;
  tracklet.size += (diagonal(detection.box) - tracklet.size) / tracklet.hits;
  tracklet.last = { ...place, keypoints: detection.keypoints };
  if (tracklet.head.length < ENDS) tracklet.head.push(place);
  tracklet.tail.push(place);
  if (tracklet.tail.length > ENDS) tracklet.tail.shift();
}
