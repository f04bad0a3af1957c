import { assign } from "../assignment.ts";
import { diagonal, iou, type Box } from "../boxes.ts";
import type { Detection, FrameDetections } from "../detections.ts";
import { inDoubt, rivalsOf, type Matching } from "./doubt.ts";
import { createDoubtLog, type DoubtfulMoment } from "./doubtful-moments.ts";
import { createFamiliarity, type FamiliarLook } from "./familiar.ts";
import { addLook } from "./looks.ts";
import { correctAxis, predictAxis, startAxis, type Axis } from "./motion.ts";
import { centre, costOf, duplicates, type Expectation } from "./similarity.ts";
import { lengthen, startTracklet, type Tracklet } from "./tracklet.ts";

export interface TrackletOptions {
  fps: number;
  frameSkip: number;
  /** Ends a tracklet where its match falls into doubt, or meets one of other looks, and where it is sure again, so that the joining, which sees what follows, decides who is who. */
  cutWhereDoubtful: boolean;
}

export interface Tracklets {
  /** Gives the tracklet of each detection, -1 for none. */
  push: (frame: FrameDetections) => Int32Array;
  /** By index, which is by first frame. What is settled may be taken out. */
  tracklets: Map<number, Tracklet>;
  /** Indices of those that may still grow. */
  growing: () => Set<number>;
  doubtfulMoments: (idOf: (tracklet: number) => number) => DoubtfulMoment[];
}

interface Track {
  tracklet: Tracklet;
  x: Axis;
  y: Axis;
  width: number;
  height: number;
  /** The frame that x and y are of. */
  at: number;
  born: number;
  /** Sightings in tracklets that were cut off, and the last of these. */
  earlier: number;
  before: number;
  look: FamiliarLook | null;
  /** How sure the tracklet's matches are, and the last frame in which one was no surer. */
  doubt: Doubt;
  doubtAt: number;
}

/** A match: sure; sure, but close to an animal that looks different; one of several that are nearly as good. */
type Doubt = 0 | 1 | 2;
const [SURE, MEETING, DOUBTFUL]: [Doubt, Doubt, Doubt] = [0, 1, 2];
/** So many sightings make a tracklet that may be believed. */
export const CONFIRMED = 3;
/** In a video of fewer frames every sighting counts. */
export const FIRST_FRAMES = 10;
/** Costs (see costOf) from which on a pair is not made. */
const LIMIT = 0.72;
/** What a doubtful detection costs more: it must lie where it is expected. */
const WEAK = 0.3;
/**
 * What the second box on one animal costs more. It is not left out: where two animals touch, the better of two boxes is often
 * the one that lies between them, and the other one the animal's own.
 */
const DOUBLE = 0.15;
/** What a look costs that is not the animal's own. */
const STRANGE = 0.3;
/** A track is sure again after so many frames without doubt. */
const SURE_AGAIN = 5;
/** Boxes that overlap (IoU) by more show something of each other, or are perhaps one box for two animals. */
const NEAR = 0.1;
const MERGED = 0.2;
/** A track that has got nothing for more frames is no rival. */
const RIVAL = 10;
/** A track that began no longer ago, seconds, may have begun on an animal that another track has only just lost, or between two. */
const YOUNG_S = 1;
/** Out of sight for longer, seconds: the tracklet has ended; the joining decides who comes back. */
const OUT_OF_SIGHT = 1;

/**
 * Joins detections from frame to frame. All are matched at once: where two animals touch, the doubtful box is often an animal's own,
 * and matching the sure ones first (as ByteTrack does) would give one animal's box to the other.
 * Memory: the animals in sight and a summary per confirmed tracklet.
 */
export function createTracklets(options: TrackletOptions): Tracklets {
  const stride = options.frameSkip + 1;
  const tracklets = new Map<number, Tracklet>();
  let active: Track[] = [];
  let begun = 0;
  let pushed = 0;
  let usualScore = 0;
  const familiarity = createFamiliarity();
  const log = createDoubtLog(options.fps);

  function push({ frame, time, detections }: FrameDetections): Int32Array {
    const owner = new Int32Array(detections.length).fill(-1);
    pushed += 1;
    const longest = Math.max(OUT_OF_SIGHT * options.fps, 4 * stride);
    active = active.filter(({ earlier, tracklet: { index, hits, last } }) => {
      const stays = frame - last.frame <= (earlier + hits < CONFIRMED ? 2 * stride : longest);
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
    const goneFor = (t: number) => (frame - active[t]!.tracklet.last.frame) / stride;
    const price = (t: number, d: number): number => {
      const doubtful = detections[d]!.score < sure;
      if (doubtful && goneFor(t) > 3) return Infinity;
      return costOf(expected[t]!, detections[d]!) + (doubtful ? WEAK : 0) + (double[d] === true ? DOUBLE : 0) + STRANGE * familiarity.strangeness(active[t]!.look, detections[d]!.look);
    };
    const all = [...detections.keys()];
    const tracks = [...active.keys()];
    const surely = all.filter((d) => detections[d]!.score >= sure);
    const cost = tracks.map((t) => all.map((d) => price(t, d)));
    const detectionOf = Int32Array.from(assign(cost, LIMIT));
    const trackOf = new Int32Array(detections.length).fill(-1);
    for (const [t, d] of detectionOf.entries()) if (d >= 0) trackOf[d] = t;
    const counts = (t: number) => active[t]!.earlier + active[t]!.tracklet.hits >= CONFIRMED && goneFor(t) <= RIVAL;
    const unseen = tracks.filter((t) => detectionOf[t]! < 0 && counts(t));
    const overlaps = (d: number, box: Box, by: number) => iou(detections[d]!.box, box) > by;
    const others = (d: number) => all.filter((other) => other !== d && double[other] !== true && overlaps(d, detections[other]!.box, NEAR));
    const alone = all.map((d) => double[d] !== true && !unseen.some((u) => overlaps(d, expected[u]!.box, NEAR)) && others(d).length === 0);
    const differ = (t: number, u: number) => u >= 0 && familiarity.strangeness(active[t]!.look, active[u]!.look?.look) > 0;
    const matching: Matching = { cost, detectionOf, trackOf, limit: LIMIT, counts };
    const doubtOf = (t: number): Doubt => {
      const d = detectionOf[t]!;
      if (d < 0) return SURE;
      if (frame - active[t]!.born < YOUNG_S * options.fps && unseen.some((u) => active[u]!.born < active[t]!.born && overlaps(d, expected[u]!.box, MERGED))) return DOUBTFUL;
      if (!options.cutWhereDoubtful) return SURE;
      if (inDoubt(t, matching)) return DOUBTFUL;
      // Another animal's box may have been taken for this one's: who is who afterwards is told by looks, where they differ.
      if (unseen.some((u) => overlaps(d, expected[u]!.box, MERGED) && differ(t, u))) return DOUBTFUL;
      return unseen.some((u) => overlaps(d, expected[u]!.box, NEAR) && differ(t, u)) || others(d).some((other) => differ(t, trackOf[other]!)) ? MEETING : SURE;
    };
    const doubts = tracks.map(doubtOf);
    for (const t of tracks) {
      const d = detectionOf[t]!;
      if (d < 0 || !counts(t)) continue;
      const note = (other: number, merged: boolean) => log.note({ frame, time, a: soundOf(active[t]!), b: soundOf(active[other]!), merged });
      for (const rival of rivalsOf(t, matching)) note(rival, false);
      for (const u of unseen) if (overlaps(d, expected[u]!.box, MERGED)) note(u, true);
    }
    for (const d of all) if (trackOf[d]! >= 0) owner[d] = follow(active[trackOf[d]!]!, { detection: detections[d]!, frame, doubt: doubts[trackOf[d]!]! });
    for (const d of surely) {
      if (owner[d]! >= 0 || double[d] === true) continue;
      // Not the second box of an animal that has one.
      if (all.some((other) => owner[other]! >= 0 && detections[other]!.classId === detections[d]!.classId && iou(detections[other]!.box, detections[d]!.box) > 0.4)) continue;
      owner[d] = begin(detections[d]!, frame);
    }
    for (const d of all) {
      const { look } = detections[d]!;
      const tracklet = tracklets.get(owner[d]!);
      if (look === undefined || tracklet === undefined || alone[d] !== true) continue;
      tracklet.look = addLook(tracklet.look, look);
      const track = trackOf[d]! < 0 || doubts[trackOf[d]!] !== SURE ? undefined : active[trackOf[d]!];
      if (track !== undefined) track.look = familiarity.learn(track.look, look);
    }
    return owner;
  }

  /** The tracklet of a track that counted lately: one that has just been cut off may stay too short to. */
  function soundOf({ tracklet, before }: Track): number {
    return tracklet.hits < CONFIRMED && before >= 0 ? before : tracklet.index;
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

  /** The track goes on with the detection, in a new tracklet where doubt begins or ends. Gives the tracklet's index. */
  function follow(track: Track, { detection, frame, doubt }: { detection: Detection; frame: number; doubt: Doubt }): number {
    const [x, y] = centre(detection.box);
    const size = diagonal(detection.box);
    track.x = correctAxis(track.x, x, size);
    track.y = correctAxis(track.y, y, size);
    track.width += 0.5 * (detection.box[2] - detection.box[0] - track.width);
    track.height += 0.5 * (detection.box[3] - detection.box[1] - track.height);
    const cut = track.tracklet.hits >= CONFIRMED && (doubt > track.doubt || (doubt < track.doubt && frame - track.doubtAt > SURE_AGAIN * stride));
    if (cut) {
      track.earlier += track.tracklet.hits;
      track.before = track.tracklet.index;
      track.tracklet = newTracklet(detection, frame);
      track.doubt = doubt;
    } else {
      lengthen(track.tracklet, detection, frame);
    }
    if (doubt >= track.doubt) track.doubtAt = frame;
    return track.tracklet.index;
  }

  function newTracklet(detection: Detection, frame: number): Tracklet {
    const tracklet = startTracklet(begun, detection, frame);
    tracklets.set(begun, tracklet);
    begun += 1;
    return tracklet;
  }

  function begin(detection: Detection, frame: number): number {
    const tracklet = newTracklet(detection, frame);
    const [x, y] = centre(detection.box);
    const [x1, y1, x2, y2] = detection.box;
    active.push({ tracklet, x: startAxis(x, tracklet.size), y: startAxis(y, tracklet.size), width: x2 - x1, height: y2 - y1, at: frame, born: frame, earlier: 0, before: -1, look: null, doubt: SURE, doubtAt: frame });
    return tracklet.index;
  }

  return { push, tracklets, growing: () => new Set(active.map(({ tracklet }) => tracklet.index)), doubtfulMoments: log.moments };
}
