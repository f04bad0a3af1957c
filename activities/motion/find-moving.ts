import { backgroundOf } from "./background.ts";
import { blobsOf, thresholdsOf, type Blob } from "./blobs.ts";
import { withMats, type OpenCv } from "./opencv.ts";

/** Boxes x1, y1, x2, y2 in pixels of the reduced image, the largest animal first. */
export type Box = [number, number, number, number];

/** More frames than this tell no more of the background. */
const BACKGROUND_FRAMES = 120;
/** Share of the image below which a patch is a speck whatever the others look like. */
const SPECK = 0.00015;
/** Of a typical animal's area: below it a patch is a speck or a shadow, above it a patch may be several animals. */
const TOO_SMALL = 0.25;
const SEVERAL = 0.45;
/** OpenCV's number for k-means++ starts; its types lack it. */
const KMEANS_PP_CENTERS = 2;

/**
 * Animals before a fixed camera: what differs from the background of all frames.
 *
 * @param read gives one frame as grey pixels, width x height; called several times for each
 * @param numAnimals where it is known, no frame has more, and a patch that holds several of them is split
 */
export async function findMoving(options: {
  cv: OpenCv;
  frames: number;
  read: (frame: number) => Promise<Uint8Array>;
  width: number;
  height: number;
  numAnimals: number | null;
  onFrame?: (done: number) => void;
}): Promise<Box[][]> {
  const { cv, frames, read, width, height, numAnimals } = options;
  const sample: Uint8Array[] = [];
  const taken = Math.min(frames, BACKGROUND_FRAMES);
  for (let i = 0; i < taken; i++) sample.push(await read(Math.floor((i * frames) / taken)));
  const background = backgroundOf(cv, sample, width, height);
  const thresholds = thresholdsOf(background, sample);
  const minArea = Math.max(6, SPECK * width * height);

  const blobs: Blob[][] = [];
  for (let frame = 0; frame < frames; frame++) {
    blobs.push(blobsOf(cv, await read(frame), background, thresholds, minArea));
    options.onFrame?.(frame + 1);
  }
  const typical = typicalArea(blobs, numAnimals);
  return blobs.map((found) => animalsOf(cv, found, typical, numAnimals).map((box) => grown(box, width, height)));
}

/** The threshold takes an animal's edge off, and legs and tail more: one pixel more on each side. */
function grown([x1, y1, x2, y2]: Box, width: number, height: number): Box {
  return [Math.max(0, x1 - 1), Math.max(0, y1 - 1), Math.min(width, x2 + 1), Math.min(height, y2 + 1)];
}

/** The area of one animal: half of all that was found lies in patches of at most this size, each counted by its area. */
function typicalArea(blobs: Blob[][], numAnimals: number | null): number {
  if (numAnimals !== null) {
    const perAnimal = blobs.filter((found) => found.length > 0).map((found) => found.toSorted((a, b) => b.area - a.area).slice(0, numAnimals).reduce((sum, blob) => sum + blob.area, 0) / numAnimals);
    return perAnimal.toSorted((a, b) => a - b)[Math.floor(perAnimal.length / 2)] ?? 0;
  }
  const areas = blobs.flat().map((blob) => blob.area).toSorted((a, b) => a - b);
  const half = areas.reduce((sum, area) => sum + area, 0) / 2;
  let seen = 0;
  return areas.find((area) => (seen += area) >= half) ?? 0;
}

function animalsOf(cv: OpenCv, found: Blob[], typical: number, numAnimals: number | null): Box[] {
  const large = found.filter((blob) => blob.area >= TOO_SMALL * typical).toSorted((a, b) => b.area * b.contrast - a.area * a.contrast);
  if (numAnimals === null) return large.map((blob) => blob.box);
  const kept = large.slice(0, numAnimals).map((blob) => ({ blob, parts: 1 }));
  for (let missing = numAnimals - kept.length; missing > 0; missing--) {
    const fullest = kept.toSorted((a, b) => b.blob.area / (b.parts + 1) - a.blob.area / (a.parts + 1))[0];
    if (fullest === undefined || fullest.blob.area / (fullest.parts + 1) < SEVERAL * typical) break;
    fullest.parts += 1;
  }
  return kept.flatMap(({ blob, parts }) => (parts === 1 ? [blob.box] : split(cv, blob, parts)));
}

/** k-means over the pixels' places: animals that touch. */
function split(cv: OpenCv, blob: Blob, parts: number): Box[] {
  return withMats((keep) => {
    const count = blob.points.length / 2;
    const samples = keep(cv.matFromArray(count, 2, cv.CV_32F, blob.points as unknown as number[]));
    const labels = keep(new cv.Mat());
    const centres = keep(new cv.Mat());
    const criteria = new cv.TermCriteria(cv.TermCriteria_EPS + cv.TermCriteria_MAX_ITER, 50, 0.1);
    cv.kmeans(samples, parts, labels, criteria, 5, KMEANS_PP_CENTERS, centres);
    return Array.from({ length: parts }, (_, part): Box => {
      const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = 0; i < count; i++) {
        if (labels.data32S[i] !== part) continue;
        const [x, y] = [blob.points[i * 2]!, blob.points[i * 2 + 1]!];
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x + 1);
        box[3] = Math.max(box[3], y + 1);
      }
      return box;
    });
  });
}
