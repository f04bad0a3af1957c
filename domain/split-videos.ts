import { splitFrames, VAL_SHARE, type Split, type SplitFrame } from "./split.ts";

/** The reviewed frames of one video. */
export interface VideoFrames {
  video: string;
  frames: SplitFrame[];
}

export interface VideosSplit {
  /** By video. */
  parts: Map<string, Pick<Split, "train" | "val" | "gap">>;
  /** Seconds between the nearest train and val frame of one video; null where no video has both. */
  minDistance: number | null;
  notes: string[];
}

/** From so many videos on, one is too few to validate on: every seventh. */
const ONE_OF = 7;

/**
 * One video is split by blocks. Of several, whole ones validate: what a model does in a video that it has never seen is what
 * counts there. Those are taken whose absence costs training nothing that occurs elsewhere, that show most, and that are nearest to
 * the usual share of the frames. Where each video has something of its own, all of them are split by blocks, and that is said.
 * The same frames give the same split. Each video needs a frame.
 */
export function splitVideos(videos: VideoFrames[]): VideosSplit {
  const [only] = videos;
  if (only === undefined) throw new RangeError("no videos to split");
  if (videos.length === 1) {
    const { minDistance, notes, ...part } = splitFrames(only.frames);
    return { parts: new Map([[only.video, part]]), minDistance, notes };
  }
  const kinds = kindsOf(videos);
  const total = count(videos);
  const choices = choicesOf(videos).map((val) => {
    const train = videos.filter((video) => !val.includes(video));
    return { train, val, lost: kinds - kindsOf(train), shown: kindsOf(val), off: Math.abs(count(val) / total - VAL_SHARE) };
  });
  const [best] = choices.toSorted((a, b) => a.lost - b.lost || b.shown - a.shown || a.off - b.off);
  if (best === undefined || best.lost > 0 || best.shown === 0) return splitEach(videos);
  const numbers = ({ frames }: VideoFrames): number[] => frames.map(({ frame }) => frame).toSorted((a, b) => a - b);
  const parts = new Map(videos.map((video) => [video.video, best.val.includes(video) ? { train: [], val: numbers(video), gap: [] } : { train: numbers(video), val: [], gap: [] }]));
  const few = count(best.val) < 3 ? [`Only ${count(best.val)} frame${count(best.val) === 1 ? "" : "s"} to validate on: the figures say little.`] : [];
  return { parts, minDistance: null, notes: [`Whole videos validate: ${best.val.map(({ video }) => video).join(", ")}.`, ...few] };
}

function choicesOf(videos: VideoFrames[]): VideoFrames[][] {
  if (videos.length < ONE_OF + 3) return videos.map((video) => [video]);
  return Array.from({ length: ONE_OF }, (_, shift) => videos.filter((_video, i) => i % ONE_OF === shift));
}

function splitEach(videos: VideoFrames[]): VideosSplit {
  const parts = new Map<string, Pick<Split, "train" | "val" | "gap">>();
  const distances: number[] = [];
  for (const { video, frames } of videos) {
    // A single frame would validate itself.
    const split = frames.length === 1 ? { train: frames.map(({ frame }) => frame), val: [], gap: [], minDistance: Infinity } : splitFrames(frames);
    parts.set(video, { train: split.train, val: split.val, gap: split.gap });
    distances.push(split.minDistance);
  }
  const nearest = Math.min(...distances);
  return { parts, minDistance: Number.isFinite(nearest) ? nearest : null, notes: ["No video can validate as a whole: each shows something that no other does. Each is split by itself, so the figures are of videos that were seen in training."] };
}

const count = (videos: VideoFrames[]): number => videos.reduce((sum, { frames }) => sum + frames.length, 0);
const kindsOf = (videos: VideoFrames[]): number => new Set(videos.flatMap(({ frames }) => frames.flatMap(({ contents }) => contents))).size;
