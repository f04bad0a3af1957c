import { InputError } from "./errors.ts";

/** A part of the video, frames start <= frame < end, out of which one frame is taken. */
export interface Part {
  start: number;
  end: number;
}

/**
 * The video in `count` parts as equal as whole frames allow. Deterministic.
 * Throws InputError (field num_frames) where the video has fewer frames.
 */
export function partsOf(frames: number, count: number): Part[] {
  if (frames < count) {
    throw new InputError({
      field: "num_frames",
      message: `The video has ${frames} ${frames === 1 ? "frame" : "frames"}, fewer than the ${count} to extract.`,
      whatToDo: `Set num_frames to ${frames} or less, or give a longer video.`,
    });
  }
  return Array.from({ length: count }, (_, i) => ({ start: Math.floor((i * frames) / count), end: Math.floor(((i + 1) * frames) / count) }));
}

/** Frames of a part in the order in which they are tried: the centre, then places spread to both sides; at most `tries`, each once. */
export function candidatesOf(part: Part, tries: number): number[] {
  const length = part.end - part.start;
  const places = [1 / 2, 1 / 6, 5 / 6, 1 / 3, 2 / 3];
  return [...new Set(places.slice(0, tries).map((place) => part.start + Math.min(length - 1, Math.floor(place * length))))];
}

/** Mean difference of two grey pictures per pixel (0..255) below which they show the same moment: less than sensor noise makes of a still scene after shrinking. */
const SAME_BELOW = 0.35;
/** A pixel that differs by more than this shows movement, however small the animal. */
const MOVED_ABOVE = 12;

/** Whether two grey thumbnails of one size are practically identical. */
export function looksSame(a: Uint8Array, b: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? 0) - (b[i] ?? 0));
    if (difference > MOVED_ABOVE) return false;
    sum += difference;
  }
  return sum < SAME_BELOW * a.length;
}
