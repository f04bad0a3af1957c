import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { simulate } from "../../scripts/sample/behaviour.ts";
import { bodyOf, boxOf, keypointsOf } from "../../scripts/sample/body.ts";
import { createRandom } from "../../scripts/sample/random.ts";
import type { Box } from "../../domain/boxes.ts";
import type { Detection, FrameDetections } from "../../domain/detections.ts";

const [WIDTH, HEIGHT, FPS] = [1280, 720, 30];
/** So many frames are simulated, and then go forth and back. */
const SIMULATED = 3000;
const SEGMENT = 5000;

interface Animal {
  box: Box;
  keypoints: [number, number, number][];
}

/** Segment files as inference leaves them, of three animals that meet each few seconds: 4 % missed, a false box each twenty frames, noise. Gives their paths. */
export async function writeSegments({ folder, frames }: { folder: string; frames: number }): Promise<string[]> {
  const poses = simulate({ seed: 7, width: WIDTH, height: HEIGHT, fps: FPS, animals: 3, length: 141, wall: 28 });
  const scene: Animal[][] = Array.from({ length: SIMULATED }, () =>
    poses.next().value.map((pose): Animal => {
      const body = bodyOf(pose);
      return { box: boxOf(body, WIDTH, HEIGHT), keypoints: keypointsOf(pose, body).map(({ x, y }) => [x, y, 1]) };
    }),
  );
  const random = createRandom(11);
  const files: string[] = [];
  for (let start = 0; start < frames; start += SEGMENT) {
    const file = join(folder, `${String(files.length).padStart(5, "0")}.ndjson`);
    const out = createWriteStream(file);
    for (let frame = start; frame < Math.min(frames, start + SEGMENT); frame += 1) {
      const at = frame % (2 * SIMULATED - 2);
      const animals = scene[at < SIMULATED ? at : 2 * SIMULATED - 2 - at]!;
      if (!out.write(`${JSON.stringify(seen(frame, animals))}\n`)) await once(out, "drain");
    }
    out.end();
    await once(out, "finish");
    files.push(file);
  }
  return files;

  function seen(frame: number, animals: Animal[]): FrameDetections {
    const detections: Detection[] = [];
    for (const [i, { box, keypoints }] of animals.entries()) {
      if (random.next() < 0.04) continue;
      const noise = (value: number): number => Math.round((value + random.normal() * 4) * 100) / 100;
      const shade = 60 + 20 * i + 4 * random.normal();
      detections.push({ box: box.map(noise) as Box, score: 0.9, classId: 0, keypoints: keypoints.map(([x, y]) => [noise(x), noise(y), 0.9]), look: [shade, shade, shade] });
    }
    if (random.next() < 0.05) {
      const [x, y] = [random.between(0, WIDTH - 150), random.between(0, HEIGHT - 80)];
      detections.push({ box: [x, y, x + 150, y + 80], score: 0.4, classId: 0, keypoints: animals[0]!.keypoints.map(() => [x, y, 0.4]) });
    }
    return { frame, time: frame / FPS, detections };
  }
}
