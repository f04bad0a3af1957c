import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { diagonal, type Box } from "../../domain/boxes.ts";
import type { Detection, FrameDetections } from "../../domain/detections.ts";
import type { Truth } from "../../domain/result.ts";
import { makeSample } from "../../scripts/sample/make-sample.ts";
import { createRandom } from "../../scripts/sample/random.ts";
import { detectedByDemo, detectedByModel, readDetected, type Detected } from "./detections.ts";

export interface TrackedVideo extends Detected {
  name: string;
  /** Said in the notes. */
  what: string;
  /** Frames left out between two. */
  frameSkip: number;
}

/** The real flies lie beside the checkout; they are not part of the repository. */
const FLIES = resolve(import.meta.dirname, "../../../shared/real/flies");

/** Five mice, one of which goes to another each one to two seconds and stays with it for two to four. */
const CROWD = { seed: 21, seconds: 40, animals: 5, meetings: { every: [1, 2], last: [2, 4] } satisfies { every: [number, number]; last: [number, number] } };

/** The sample, the flies (where they are there), and harder ones made of them; detections are made once and kept in `cache`. */
export async function trackedVideos({ cache, say }: { cache: string; say: (line: string) => void }): Promise<TrackedVideo[]> {
  const sample = await ofSample({ cache, say });
  const videos: TrackedVideo[] = [{ ...sample, name: "sample", what: "3 mice that meet", frameSkip: 0 }];
  if (existsSync(join(FLIES, "clip.mp4"))) {
    const flies = await detectedByDemo({ folder: join(cache, "flies"), video: join(FLIES, "clip.mp4"), truth: join(FLIES, "truth.json"), say });
    videos.push({ ...flies, name: "flies", what: "2 real flies", frameSkip: 0 });
  } else {
    say(`  the video of the flies is not there (${FLIES}): it is left out`);
  }
  const every = 3;
  videos.push(
    { ...sample, name: "sample_10fps", what: "each third frame of the sample", frameSkip: every - 1, frames: sample.frames.filter(({ frame }) => frame % every === 0) },
    { ...sample, name: "sample_weak", what: "the sample as a weak model finds it: 15 % more missed, for some frames each, half a false box a frame, boxes and keypoints 3 % off", frameSkip: 0, frames: weakened(sample.frames, sample.truth) },
  );
  const crowd = await ofCrowd({ cache, model: join(sample.folder, "model.onnx"), say });
  videos.push({ ...crowd, name: "crowd", what: "5 mice in long meetings, by the sample's model", frameSkip: 0 });
  return videos;
}

async function ofSample({ cache, say }: { cache: string; say: (line: string) => void }): Promise<Detected> {
  const folder = join(cache, "sample");
  if (existsSync(join(folder, "detections.ndjson"))) return await readDetected(folder);
  say("  making the sample video");
  const made = await makeSample({ folder: join(cache, "sample-video") });
  return await detectedByDemo({ folder, ...made, say });
}

async function ofCrowd({ cache, model, say }: { cache: string; model: string; say: (line: string) => void }): Promise<Detected> {
  const folder = join(cache, "crowd");
  if (existsSync(join(folder, "detections.ndjson"))) return await readDetected(folder);
  say("  making the video of the crowd");
  const made = await makeSample({ folder: join(cache, "crowd-video"), ...CROWD });
  return await detectedByModel({ folder, video: made.video, truth: JSON.parse(await readFile(made.truth, "utf8")) as Truth, model, say });
}

/** Always the same for the same detections. */
export function weakened(frames: FrameDetections[], { width, height }: Truth): FrameDetections[] {
  const random = createRandom(5);
  /** Places near which nothing is found for some frames. */
  let blind: { x: number; y: number; size: number; left: number }[] = [];
  return frames.map(({ detections, ...frame }) => {
    blind = blind.map((place) => ({ ...place, left: place.left - 1 })).filter(({ left }) => left > 0);
    const found: Detection[] = [];
    for (const detection of detections) {
      const size = diagonal(detection.box);
      const [x, y] = [(detection.box[0] + detection.box[2]) / 2, (detection.box[1] + detection.box[3]) / 2];
      const missed = blind.some((place) => Math.hypot(place.x - x, place.y - y) < 0.5 * place.size);
      if (!missed && random.next() < 0.035) blind.push({ x, y, size, left: 1 + Math.floor(random.next() * 10) });
      if (!missed) found.push(shifted(detection, () => random.normal() * 0.03 * size));
    }
    const model = detections[0];
    if (model !== undefined && random.next() < 0.5) {
      const [dx, dy] = [random.between(-1, 1) * width * 0.6, random.between(-1, 1) * height * 0.6];
      const { look: _, ...rest } = shifted(model, (axis) => (axis === 0 ? dx : dy));
      found.push({ ...rest, score: random.between(0.25, 0.7) });
    }
    return { ...frame, detections: found.toSorted((a, b) => b.score - a.score) };
  });
}

const shifted = (detection: Detection, by: (axis: number) => number): Detection => ({
  ...detection,
  box: detection.box.map((value, i) => value + by(i % 2)) as Box,
  keypoints: detection.keypoints.map(([x, y, score]): [number, number, number] => [x + by(0), y + by(1), score]),
});
