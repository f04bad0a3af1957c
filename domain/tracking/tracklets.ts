import { assign } from "../assignment.ts";
import { diagonal, iou, type Box } from "../boxes.ts";
import type { Detection, FrameDetections } from "../detections.ts";
import { correctAxis, predictAxis, startAxis, type Axis } from "./motion.ts";
import { centre, costOf, duplicates, type Expectation } from "./similarity.ts";

/** One sighting of a tracklet. */
export interface Hit {
  frame: number;
  box: Box;
  keypoints: [number, number, number][];
}

/** A stretch of sightings of one animal without long gaps: what the joining works on. */
export interface Tracklet {
  index: number;
  classId: number;
  hits: number;
  scoreSum: number;
  /** Mean of the box diagonals, pixels. */
  size: number;
  first: Hit;
  last: Hit;
  /** A few sightings at each end, in order: they tell the speed there. */
  head: Hit[];
  tail: Hit[];
}

export interface TrackletOptions {
  fps: number;
  frameSkip: number;
}

interface Track {
  tracklet: Tracklet;
  x: Axis;
  y: Axis;
  width: number;
  height: number;
  /** The frame that x and y are of. */
  at: number;
}

/** So many sightings make a tracklet that may be believed. */
export const CONFIRMED = 3;
/** Sightings kept at each end. */
const ENDS = 6;
/** In a video of fewer frames every sighting counts. */
export const FIRST_FRAMES = 10;
/** Costs (see costOf) from which on a pair is not made: for sure detections, and for doubtful ones. */
const LIMIT = 0.72;
const LIMIT_DOUBTFUL = 0.5;
/** Out of sight for longer, seconds: the tracklet has ended; the joining decides who comes back. */
const OUT_OF_SIGHT = 1;

/**
 * Joins detections from frame to frame, first the sure ones, then the doubtful ones with the tracks that are left (as ByteTrack does).
 * Memory: the animals in sight and a summary per confirmed tracklet.
 */
export function createTracklets(options: TrackletOptions): { push(frame: FrameDetections): Int32Array; tracklets: Map<number, Tracklet> } {
  const stride = options.frameSkip + 1;
  const tracklets = new Map<number, Tracklet>();
  let active: Track[] = [];
  let begun = 0;
  let pushed = 0;
  let usualScore = 0;

  /** Gives the tracklet of each detection, -1 for none. */
  function push({ frame, detections }: FrameDetections): Int32Array {
    const owner = new Int32Array(detections.length).fill(-1);
    pushed += 1;
    const longest = Math.max(OUT_OF_SIGHT * options.fps, 4 * stride);
    active = active.filter(({ tracklet: { index, hits, last } }) => {
      const stays = frame - last.frame <= (hits < CONFIRMED ? 2 * stride : longest);
      // A false box now and then would fill the memory over a night; in the first frames nothing can be confirmed yet.
      if (!stays && hits < CONFIRMED && pushed > FIRST_FRAMES) tracklets.delete(index);
      return stays;
    });
    const expected = active.map((track) => expect(track, frame));
    const top = Math.max(0, ...detections.map((detection) => detection.score));
    if (top > 0) usualScore = usualScore === 0 ? top : usualScore + 0.05 * (top - usualScore);
    // A weak model's best boxes are sure enough for it.
    const sure = Math.min(0.5, 0.7 * usualScore);
    const double = duplicates(detections);
    const good = detections.map((detection, i) => detection.score >= sure && double[i] === false);

    const free = new Set(active.keys());
    const match = (from: number[], among: number[], limit: number) => {
      const cost = from.map((t) => among.map((d) => costOf(expected[t]!, detections[d]!)));
      for (const [row, column] of assign(cost, limit).entries()) {
        if (column < 0) continue;
        owner[among[column]!] = active[from[row]!]!.tracklet.index;
        correct(active[from[row]!]!, detections[among[column]!]!, frame);
        free.delete(from[row]!);
      }
    };
    const inSight = (t: number) => frame - active[t]!.tracklet.last.frame <= 3 * stride;
    const all = [...detections.keys()];
    match([...free], all.filter((d) => good[d] === true), LIMIT);
    match([...free].filter(inSight), all.filter((d) => good[d] === false), LIMIT_DOUBTFUL);
    for (const d of all) {
      if (owner[d]! >= 0 || good[d] === false) continue;
      // Not the second box of an animal that has one.
      if (all.some((other) => owner[other]! >= 0 && detections[other]!.classId === detections[d]!.classId && iou(detections[other]!.box, detections[d]!.box) > 0.4)) continue;
      owner[d] = begin(detections[d]!, frame);
    }
    return owner;
  }

  function expect(track: Track, frame: number): Expectation {
    const { last, classId } = track.tracklet;
    const step = { seconds: (frame - track.at) / options.fps, size: Math.hypot(track.width, track.height), inSight: frame - last.frame <= stride };
    track.x = predictAxis(track.x, step);
    track.y = predictAxis(track.y, step);
    track.at = frame;
    const [x, y] = [track.x.position, track.y.position];
    const [lastX, lastY] = centre(last.box);
    return {
      box: [x - track.width / 2, y - track.height / 2, x + track.width / 2, y + track.height / 2],
      keypoints: last.keypoints.map(([kx, ky, score]) => [kx + x - lastX, ky + y - lastY, score]),
      classId,
      reach: Math.min(2.5, 0.4 + (5 * (frame - last.frame)) / options.fps),
    };
  }

  function correct(track: Track, detection: Detection, frame: number): void {
    const { tracklet } = track;
    const [x, y] = centre(detection.box);
    const size = diagonal(detection.box);
    track.x = correctAxis(track.x, x, size);
    track.y = correctAxis(track.y, y, size);
    track.width += 0.5 * (detection.box[2] - detection.box[0] - track.width);
    track.height += 0.5 * (detection.box[3] - detection.box[1] - track.height);
    const hit: Hit = { frame, box: detection.box, keypoints: detection.keypoints };
    tracklet.hits += 1;
    tracklet.scoreSum += detection.score;
    tracklet.size += (size - tracklet.size) / tracklet.hits;
    tracklet.last = hit;
    if (tracklet.head.length < ENDS) tracklet.head.push(hit);
    tracklet.tail.push(hit);
    if (tracklet.tail.length > ENDS) tracklet.tail.shift();
  }

  function begin(detection: Detection, frame: number): number {
    const hit: Hit = { frame, box: detection.box, keypoints: detection.keypoints };
    const size = diagonal(detection.box);
    const [x, y] = centre(detection.box);
    const tracklet: Tracklet = { index: begun, classId: detection.classId, hits: 1, scoreSum: detection.score, size, first: hit, last: hit, head: [hit], tail: [hit] };
    tracklets.set(begun, tracklet);
    begun += 1;
    active.push({ tracklet, x: startAxis(x, size), y: startAxis(y, size), width: detection.box[2] - detection.box[0], height: detection.box[3] - detection.box[1], at: frame });
    return tracklet.index;
  }

  return { push, tracklets };
}
