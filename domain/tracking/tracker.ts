import type { FrameDetections } from "../detections.ts";
import { joinFreely } from "./join-free.ts";
import { joinOnLanes } from "./join-lanes.ts";
import { createTracklets, type Tracklet } from "./tracklets.ts";

export interface TrackerOptions {
  /** How many animals there are, all classes together; null where that is not known. */
  numAnimals: number | null;
  fps: number;
  /** Frames left out between two that are pushed. */
  frameSkip: number;
}

export interface Tracker {
  /** Frames in order. Their detections are not kept. */
  push(frame: FrameDetections): void;
  finish(): TrackAssignment;
}

export interface TrackAssignment {
  /** Ids are 0 .. ids - 1, by first appearance. */
  ids: number;
  /** Frames that were pushed. */
  frames: number;
  /** For the detections of the i-th pushed frame, in their order: the id, or -1 for one that is dropped. No id twice in a frame. */
  idsOf(i: number): Int32Array;
}

/**
 * Tracking by detection: tracklets online, then all of them joined at once. About 4 bytes for each detection are kept.
 * With `numAnimals` there are never more ids than that, and who comes back gets one that is free.
 */
export function createTracker(options: TrackerOptions): Tracker {
  const online = createTracklets(options);
  const owners = createIntList();
  const ends = createIntList();

  function push(frame: FrameDetections): void {
    for (const tracklet of online.push(frame)) owners.push(tracklet);
    ends.push(owners.length());
  }

  function finish(): TrackAssignment {
    const { tracklets } = online;
    const chains = join(tracklets, ends.length(), options);
    const names = new Map<number, number>();
    // Tracklets lie in the order of their first frames.
    const idOf = chains.map((chain) => {
      if (chain < 0) return -1;
      if (!names.has(chain)) names.set(chain, names.size);
      return names.get(chain)!;
    });
    return {
      ids: names.size,
      frames: ends.length(),
      idsOf(i) {
        const tracks = owners.slice(i === 0 ? 0 : ends.at(i - 1), ends.at(i));
        return oncePerFrame(tracks.map((tracklet) => (tracklet < 0 ? -1 : idOf[tracklet]!)), (k) => tracklets[tracks[k]!]!.hits);
      },
    };
  }

  return { push, finish };
}

/** Where two tracklets of one animal overlap for a moment, the longer one counts. */
function oncePerFrame(ids: Int32Array, hitsOf: (k: number) => number): Int32Array {
  const longest = new Map<number, number>();
  for (const [k, id] of ids.entries()) {
    const other = longest.get(id);
    if (id >= 0 && (other === undefined || hitsOf(k) > hitsOf(other))) longest.set(id, k);
  }
  return ids.map((id, k) => (longest.get(id) === k ? id : -1));
}

/** The number of the animal that each tracklet shows, -1 for false ones. */
function join(tracklets: Tracklet[], frames: number, { numAnimals, fps, frameSkip }: TrackerOptions): number[] {
  // In a few frames nothing can be confirmed.
  const least = frames < 10 ? 1 : 3;
  const sound = tracklets.filter((tracklet) => tracklet.hits >= least);
  const chain = tracklets.map(() => -1);
  const joined = numAnimals === null ? joinFreely(sound, fps) : joinOnLanes(sound, numAnimals, fps);
  const hits = new Map<number, number>();
  for (const [i, number] of joined.entries()) hits.set(number, (hits.get(number) ?? 0) + sound[i]!.hits);
  // Nobody knows how many there are: what is seen for less than a fifth of a second in all is taken for false.
  const seen = numAnimals === null ? Math.max(least, Math.min(frames / 2, (0.2 * fps) / (frameSkip + 1))) : least;
  for (const [i, number] of joined.entries()) if (number >= 0 && hits.get(number)! >= seen) chain[sound[i]!.index] = number;
  return chain;
}

/** Whole numbers, 4 bytes each, in a list that grows. */
function createIntList() {
  let data = new Int32Array(1024);
  let size = 0;
  return {
    push(value: number): void {
      if (size === data.length) {
        const larger = new Int32Array(data.length * 2);
        larger.set(data);
        data = larger;
      }
      data[size] = value;
      size += 1;
    },
    length: () => size,
    at: (i: number) => data[i]!,
    slice: (from: number, to: number) => data.slice(from, to),
  };
}
