import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import { PADDING_GREY } from "../../domain/letterbox.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import { decodeOutput, outputKind } from "./decode-output.ts";
import { ThreadProblem, type Images } from "./thread-messages.ts";

/** A model's output: [batch, ...]. */
export interface Output {
  data: Float32Array;
  dims: readonly number[];
}

/** The images from `start` on, at most `batch` of them; a fixed batch that is not full is filled up with black, whose results are not read. */
export function partOf({ pixels, count, height, width }: Images, start: number, batch: number, facts: ModelFacts): { images: number; pixels: Uint8Array<ArrayBuffer>; dims: [number, number, number, number] } {
  const bytes = 3 * height * width;
  const images = Math.min(batch, count - start);
  const own = pixels.subarray(start * bytes, (start + images) * bytes);
  if (facts.batch === null || images === facts.batch) return { images, pixels: own, dims: [images, 3, height, width] };
  const full = new Uint8Array(facts.batch * bytes);
  full.set(own);
  return { images, pixels: full, dims: [facts.batch, 3, height, width] };
}

/** Writes images into a model's input: as they are, or 0..255 as 0..1. A batch that is not full is filled up with black, whose results are not read. */
export function fill(input: Uint8Array | Float32Array, images: Uint8Array[]): void {
  let at = 0;
  for (const image of images) {
    if (input instanceof Uint8Array) input.set(image, at);
    else for (let i = 0; i < image.length; i++) input[at + i] = image[i]! / 255;
    at += image.length;
  }
  input.fill(0, at);
}

/** As many empty images as the model takes at once, at least one. */
export function emptyImages(facts: ModelFacts): { images: Uint8Array<ArrayBuffer>[]; height: number; width: number } {
  const [height, width] = facts.imgsz;
  const images = Array.from({ length: facts.batch ?? 1 }, () => new Uint8Array(3 * height * width).fill(PADDING_GREY));
  return { images, height, width };
}

/** Throws Error where a model's output for `count` empty images is not what its file says, or no numbers. */
export function checkOutput({ data, dims }: Output, count: number, facts: ModelFacts): void {
  outputKind(dims, facts);
  if (dims[0] !== count) throw new Error(`it gives results for ${dims[0]} images where it got ${count}`);
  if (!data.every(Number.isFinite)) throw new Error("it gives values that are not numbers for an empty image");
}

/** As decodeOutput; throws ThreadProblem `model` where the output is of no use. */
export function decoded(options: Parameters<typeof decodeOutput>[0]): Detection[] {
  try {
    return decodeOutput(options);
  } catch (error) {
    throw new ThreadProblem("model", messageOf(error));
  }
}
