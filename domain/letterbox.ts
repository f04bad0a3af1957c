import type { ModelInfo } from "./detections.ts";

/** How an image is fitted into a network's input, as Ultralytics does it: scaled to fit, centred, the rest grey. */

/** Grey value of the padding, each channel. */
export const PADDING_GREY = 114;

export interface Size {
  width: number;
  height: number;
}

/** Pixels of the input: the scaled image is scaledWidth x scaledHeight with its corner at (left, top). */
export interface Letterbox {
  source: Size;
  input: Size;
  scaledWidth: number;
  scaledHeight: number;
  left: number;
  top: number;
}

/** Geometry of Ultralytics' LetterBox (auto=False, center=True): an odd pixel of padding goes to the right and the bottom. */
export function letterboxOf(source: Size, input: Size): Letterbox {
  const ratio = Math.min(input.width / source.width, input.height / source.height);
  const scaledWidth = clamp(Math.round(source.width * ratio), 1, input.width);
  const scaledHeight = clamp(Math.round(source.height * ratio), 1, input.height);
  return {
    source,
    input,
    scaledWidth,
    scaledHeight,
    left: Math.floor((input.width - scaledWidth) / 2),
    top: Math.floor((input.height - scaledHeight) / 2),
  };
}

/**
 * The input for images of one size: the model's own size where that is fixed, else the smallest rectangle that holds the
 * image at the same scale, its sides multiples of `stride` (1280x720 at 640: 640x384, 0.61 of the square's work).
 */
export function inputSizeFor(source: Size, model: { size: Size; dynamic: boolean; stride?: number }): Size {
  if (!model.dynamic) return model.size;
  const stride = model.stride ?? 32;
  const { scaledWidth, scaledHeight } = letterboxOf(source, model.size);
  const up = (pixels: number): number => Math.max(stride, Math.ceil(pixels / stride) * stride);
  return { width: up(scaledWidth), height: up(scaledHeight) };
}

/** How images of one size go into a model, as it says of itself. */
export function letterboxFor(source: Size, model: Pick<ModelInfo, "imgsz" | "dynamicSize" | "stride">): Letterbox {
  const [height, width] = model.imgsz;
  return letterboxOf(source, inputSizeFor(source, { size: { width, height }, dynamic: model.dynamicSize ?? false, ...(model.stride === undefined ? {} : { stride: model.stride }) }));
}

/** A point of the input, in pixels of the source; may lie outside of it. */
export function toSource(box: Letterbox, x: number, y: number): [number, number] {
  return [((x - box.left) * box.source.width) / box.scaledWidth, ((y - box.top) * box.source.height) / box.scaledHeight];
}

/** A box of the input in pixels of the source, clipped to it; null where nothing of it lies inside. */
export function boxToSource(letterbox: Letterbox, box: readonly [number, number, number, number]): [number, number, number, number] | null {
  const { width, height } = letterbox.source;
  const [left, top] = toSource(letterbox, box[0], box[1]);
  const [right, bottom] = toSource(letterbox, box[2], box[3]);
  const clipped: [number, number, number, number] = [clamp(left, 0, width), clamp(top, 0, height), clamp(right, 0, width), clamp(bottom, 0, height)];
  return clipped[2] > clipped[0] && clipped[3] > clipped[1] ? clipped : null;
}

/** A point of the input in pixels of the source, clipped to it. */
export function pointToSource(letterbox: Letterbox, x: number, y: number): [number, number] {
  const [sourceX, sourceY] = toSource(letterbox, x, y);
  return [clamp(sourceX, 0, letterbox.source.width), clamp(sourceY, 0, letterbox.source.height)];
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
