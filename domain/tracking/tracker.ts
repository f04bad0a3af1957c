import type { FrameDetections } from "../detections.ts";
import type { DoubtfulMoment } from "./doubtful-moments.ts";
import { joinFreely } from "./join-free.ts";
import { joinOnLanes } from "./join-lanes.ts";
import { CONFIRMED, createTracklets, FIRST_FRAMES, type Tracklet } from "./tracklets.ts";

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
  /** By frame: where two animals may have been taken for each other. */
  doubtfulMoments(): DoubtfulMoment[];
}

/**
 * Tracking by detection: tracklets online, then all of them joined at once. About 4 bytes for each detection are kept.
 * With `numAnimals` there are never more ids than that, and who comes back gets one that is free.
 */
export function createTracker(options: TrackerOptions): Tracker {
  const online = createTracklets({ ...options, cutWhereDoubtful: options.numAnimals !== null });
  const owners = createIntList();
  const ends = createIntList();

  function push(frame: FrameDetections): void {
    for (const tracklet of online.push(frame)) owners.push(tracklet);
    ends.push(owners.length());
  }

  function finish(): TrackAssignment {
    const { tracklets } = online;
    const names = new Map<number, number>();
    const idOf = new Map<number, number>();
    for (const { index, animal } of join([...tracklets.values()], ends.length(), options)) {
      if (!names.has(animal)) names.set(animal, names.size);
      idOf.set(index, names.get(animal)!);
    }
    return {
      ids: names.size,
      frames: ends.length(),
      doubtfulMoments: () => online.doubtfulMoments((tracklet) => idOf.get(tracklet) ?? -1),
      idsOf(i) {
        const tracks = owners.slice(i === 0 ? 0 : ends.at(i - 1), ends.at(i));
        return oncePerFrame(tracks.map((tracklet) => idOf.get(tracklet) ?? -1), (k) => tracklets.get(tracks[k]!)!.hits);
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

/** The tracklets (by first frame) that show somebody, and a number for whom. */
function join(tracklets: Tracklet[], frames: number, { numAnimals, fps, frameSkip }: TrackerOptions): { index: number; animal: number }[] {
  const least = frames <= FIRST_FRAMES ? 1 : CONFIRMED;
  const sound = tracklets.filter((tracklet) => tracklet.hits >= least);
  const animals = numAnimals === null ? joinFreely(sound, fps) : joinOnLanes(sound, numAnimals, fps);
  const hits = new Map<number, number>();
  for (const [i, animal] of animals.entries()) hits.set(animal, (hits.get(animal) ?? 0) + sound[i]!.hits);
  // Nobody knows how many there are: what is seen for less than a fifth of a second in all is taken for false.
  const seen = numAnimals === null ? Math.max(least, Math.min(frames / 2, (0.2 * fps) / (frameSkip + 1))) : least;
  return sound.map(({ index }, i) => ({ index, animal: animals[i]! })).filter(({ animal }) => animal >= 0 && hits.get(animal)! >= seen);
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
