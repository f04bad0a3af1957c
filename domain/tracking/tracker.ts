import type { FrameDetections } from "../detections.ts";
import type { DoubtfulMoment } from "./doubtful-moments.ts";
import { createJoining } from "./joining.ts";
import { CONFIRMED, createTracklets, FIRST_FRAMES } from "./tracklets.ts";

export interface TrackerOptions {
  /** How many animals there are, all classes together; null where that is not known. */
  numAnimals: number | null;
  fps: number;
  /** Frames left out between two that are pushed. */
  frameSkip: number;
  /** Tracklets that are weighed against each other at once. */
  atOnce?: number;
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
 * Tracking by detection: tracklets online, then all of them joined at once (in a long video those of hours). About 4 bytes for each detection are kept.
 * With `numAnimals` there are never more ids than that, and who comes back gets one that is free.
 */
export function createTracker(options: TrackerOptions): Tracker {
  const { numAnimals, fps, frameSkip } = options;
  const online = createTracklets({ ...options, cutWhereDoubtful: numAnimals !== null });
  const joining = createJoining({ numAnimals, fps, atOnce: options.atOnce });
  const owners = createIntList();
  const ends = createIntList();
  /** By tracklet: its animal, and its sightings; by animal: all its sightings. */
  const animals = createIntList();
  const hits = createIntList();
  const seen: number[] = [];

  function settle(all: boolean): void {
    const growing = all ? new Set<number>() : online.growing();
    const least = ends.length() <= FIRST_FRAMES ? 1 : CONFIRMED;
    for (const { tracklet, animal } of joining.settle([...online.tracklets.values()], { ended: ({ index }) => !growing.has(index), least, all })) {
      animals.set(tracklet.index, animal);
      hits.set(tracklet.index, tracklet.hits);
      if (animal >= 0) seen[animal] = (seen[animal] ?? 0) + tracklet.hits;
      online.tracklets.delete(tracklet.index);
    }
  }

  function push(frame: FrameDetections): void {
    for (const tracklet of online.push(frame)) owners.push(tracklet);
    ends.push(owners.length());
    if (joining.due(online.tracklets.size)) settle(false);
  }

  function finish(): TrackAssignment {
    settle(true);
    const frames = ends.length();
    const least = frames <= FIRST_FRAMES ? 1 : CONFIRMED;
    // Nobody knows how many there are: what is seen for less than a fifth of a second in all is taken for false.
    const enough = numAnimals === null ? Math.max(least, Math.min(frames / 2, (0.2 * fps) / (frameSkip + 1))) : least;
    const names = new Map<number, number>();
    for (let index = 0; index < animals.length(); index += 1) {
      const animal = animals.at(index);
      if (animal >= 0 && seen[animal]! >= enough && !names.has(animal)) names.set(animal, names.size);
    }
    const idOf = (tracklet: number): number => (tracklet < 0 || tracklet >= animals.length() ? -1 : (names.get(animals.at(tracklet)) ?? -1));
    return {
      ids: names.size,
      frames,
      doubtfulMoments: () => online.doubtfulMoments(idOf),
      idsOf(i) {
        const tracks = owners.slice(i === 0 ? 0 : ends.at(i - 1), ends.at(i));
        return oncePerFrame(tracks.map(idOf), (k) => hits.at(tracks[k]!));
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

/** Whole numbers, 4 bytes each, in a list that grows; -1 where nothing was put. */
function createIntList() {
  let data = new Int32Array(1024).fill(-1);
  let size = 0;
  function set(i: number, value: number): void {
    if (i >= data.length) {
      const larger = new Int32Array(Math.max(i + 1, data.length * 2)).fill(-1);
      larger.set(data);
      data = larger;
    }
    data[i] = value;
    size = Math.max(size, i + 1);
  }
  return { push: (value: number) => set(size, value), set, length: () => size, at: (i: number) => data[i]!, slice: (from: number, to: number) => data.slice(from, to) };
}
