import { withMats, type OpenCv } from "./opencv.ts";

/** What a fixed camera sees without its animals, and how animals differ from it. */
export interface Background {
  width: number;
  height: number;
  grey: Uint8Array;
  /** Animals are darker than what lies behind them (else brighter). */
  animalsAreDark: boolean;
  /** Grey levels: how far a pixel of the background lies from `grey` as a rule, and how much that varies. */
  offset: number;
  noise: number;
}

/**
 * Not the median: an animal that rests for most of the time would be part of it. Of each pixel's values in all frames
 * a high one is taken where animals are dark, a low one where they are bright: an animal may rest for four fifths of the time.
 */
const PERCENTILE = 0.85;
/** Grey levels between a pixel's low and high value from which on something has passed there. */
const PASSED = 24;

/** @param frames grey images of one size, width x height bytes each; 100 or so are enough */
export function backgroundOf(cv: OpenCv, frames: Uint8Array[], width: number, height: number): Background {
  const [low, high] = percentiles(frames, [1 - PERCENTILE, PERCENTILE]);
  const animalsAreDark = highIsBackground(cv, low, high, width, height);
  const grey = animalsAreDark ? high : low;
  const histogram = new Float64Array(511);
  for (const frame of frames) for (let i = 0; i < frame.length; i++) histogram[255 + (animalsAreDark ? grey[i]! - frame[i]! : frame[i]! - grey[i]!)]! += 1;
  const offset = quantile(histogram, 0.5);
  const noise = Math.max(1, (quantile(histogram, 0.75) - quantile(histogram, 0.25)) / 1.349);
  return { width, height, grey, animalsAreDark, offset: offset - 255, noise };
}

/** Per pixel, over all frames; by counting, since grey has 256 values only. */
function percentiles(frames: Uint8Array[], shares: [number, number]): [Uint8Array, Uint8Array] {
  const pixels = frames[0]?.length ?? 0;
  const out: [Uint8Array, Uint8Array] = [new Uint8Array(pixels), new Uint8Array(pixels)];
  const values = new Uint8Array(frames.length);
  for (let i = 0; i < pixels; i++) {
    frames.forEach((frame, f) => (values[f] = frame[i]!));
    values.sort();
    shares.forEach((share, s) => (out[s]![i] = values[Math.round(share * (values.length - 1))]!));
  }
  return out;
}

/**
 * Where something has passed, the one of the two images is background that looks like its surroundings where nothing passed:
 * the other one shows smears of animals there.
 */
function highIsBackground(cv: OpenCv, low: Uint8Array, high: Uint8Array, width: number, height: number): boolean {
  const still = new Float32Array(low.length);
  const stillGrey = new Float32Array(low.length);
  for (let i = 0; i < low.length; i++) {
    if (high[i]! - low[i]! >= PASSED) continue;
    still[i] = 1;
    stillGrey[i] = (high[i]! + low[i]!) / 2;
  }
  const around = 2 * Math.round(Math.max(width, height) / 16) + 1;
  const [weight, sum] = [still, stillGrey].map((values) =>
    withMats((keep) => {
      const source = keep(cv.matFromArray(height, width, cv.CV_32F, values as unknown as number[]));
      const target = keep(new cv.Mat());
      cv.blur(source, target, new cv.Size(around, around));
      return Float32Array.from(target.data32F);
    }),
  ) as [Float32Array, Float32Array];
  let balance = 0;
  for (let i = 0; i < low.length; i++) {
    if (still[i] === 1 || weight[i]! < 0.02) continue;
    const surroundings = sum[i]! / weight[i]!;
    balance += Math.abs(low[i]! - surroundings) - Math.abs(high[i]! - surroundings);
  }
  return balance >= 0;
}

/** The bin below which this share of a histogram lies. */
function quantile(histogram: Float64Array, share: number): number {
  const wanted = share * histogram.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return histogram.findIndex((count) => (seen += count) >= wanted);
}
