import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { createVideoTools } from "../adapters/video/ffmpeg.ts";
import type { Box } from "../domain/boxes.ts";
import type { FrameDetections } from "../domain/detections.ts";
import { COCO_IOUS, meanAveragePrecision } from "../domain/metrics/average-precision.ts";
import type { Truth } from "../domain/result.ts";
import type { PlanInput } from "../domain/steps.ts";
import { commandOf, median, rounded, spreadOf, type Bench, type BenchContext, type Figure } from "./figure.ts";
import { modelFor } from "./speed/model.ts";
import { createOurs, decodeAlone } from "./speed/ours.ts";
import { createRival, type Timed } from "./speed/rival.ts";
import { sampleVideo, withFolder } from "./video/sample.ts";

/** Frames of each video; a multiple of the larger batch. */
const FRAMES = 400;
/** After one that does not count. */
const ROUNDS = 5;
const INFERENCE: PlanInput["inference"] = { confidence: 0.25, iou: 0.7, batch_size: 8, frame_skip: 0, max_frames: FRAMES };
/** mAP50-95 of the two may differ by this, in points. */
const SAME_ACCURACY = 0.5;
const NAMES = { best: "pipeline_vs_ultralytics_best", default: "pipeline_vs_ultralytics_default", limit: "pipeline_vs_core_limit", int8Default: "int8_vs_ultralytics_default", int8Limit: "int8_vs_core_limit", int8Lost: "int8_points_lost" } as const;
/** The real flies lie beside the checkout; they are not part of the repository. */
const FLIES = resolve(import.meta.dirname, "../../shared/real/flies");

const WAYS = ["ours", "int8", "ultralytics_8", "ultralytics_1", "onnx", "decode"] as const;
type Way = (typeof WAYS)[number];
type Round = Record<Way, Timed>;

type Found = { box: Box; score: number; classId: number };

interface Measured {
  rounds: Round[];
  about: string;
  /** Of mAP50-95, by the model in 8 bit, against Ultralytics. */
  pointsLost: number;
}

interface Video {
  name: string;
  file: string;
  truth: Truth;
}

/** The inference of a task beside Ultralytics' on the same video and model, and beside what the cores allow. */
export const bench: Bench = {
  names: Object.values(NAMES),
  async run(context) {
    const measured: (Measured & { video: Video })[] = [];
    for (const video of await videosOf(context)) measured.push({ video, ...(await measure(video, context)) });
    const cores = cpus().length;
    const fps = (timed: Timed): number => timed.frames / timed.seconds;
    const perFrame = (timed: Timed): number => timed.cpu / timed.frames;
    const limit = ({ onnx, decode }: Round): number => cores / (perFrame(onnx) + perFrame(decode));
    const figures: [Exclude<keyof typeof NAMES, "int8Lost">, number, string, (round: Round) => number][] = [
      ["best", 1.2, "x Ultralytics with a batch of 8", (round) => fps(round.ours) / fps(round.ultralytics_8)],
      ["default", 1.8, "x Ultralytics with a batch of 1", (round) => fps(round.ours) / fps(round.ultralytics_1)],
      ["limit", 0.9, "of cores / (CPU of decoding + CPU of ONNX Runtime)", (round) => fps(round.ours) / limit(round)],
      ["int8Default", 1.8, "x Ultralytics with a batch of 1, with the model in 8 bit", (round) => fps(round.int8) / fps(round.ultralytics_1)],
      ["int8Limit", 1, "of cores / (CPU of decoding + CPU of ONNX Runtime), with the model in 8 bit", (round) => fps(round.int8) / limit(round)],
    ];
    const nameFor = (key: keyof typeof NAMES, i: number): string => (i === 0 ? NAMES[key] : `${NAMES[key]}_${measured[i]!.video.name}`);
    const lost = measured.map(({ video, about, pointsLost }, i): Figure => {
      const points = rounded(pointsLost);
      return { name: nameFor("int8Lost", i), value: points, unit: "points of mAP50-95 on all frames, against Ultralytics with the model as it is", goal: SAME_ACCURACY, better: "lower", spread: [points, points], command: commandOf(NAMES.int8Lost), note: `${video.name}: ${about}` };
    });
    const speeds = figures.flatMap(([key, goal, unit, ratio]) =>
      measured.map(({ video, rounds, about }, i): Figure => {
        const ratios = rounds.map(ratio);
        const ofLimit = median(rounds.map((round) => (perFrame(round.onnx) + perFrame(round.decode)) / perFrame(round.ours)));
        return {
          name: nameFor(key, i), value: rounded(median(ratios)), unit, goal, better: "higher", spread: spreadOf(ratios.map((value) => rounded(value))), command: commandOf(NAMES[key]),
          note: `${video.name}: ${WAYS.map((way) => `${way} ${rounded(median(rounds.map((round) => fps(round[way]))), 1)} fps, ${rounded(1000 * median(rounds.map((round) => perFrame(round[way]))), 1)} ms CPU a frame`).join("; ")}; limit ${rounded(median(rounds.map(limit)), 1)} fps; by CPU alone ${rounded(ofLimit)} of the limit; ${about}`,
        };
      }),
    );
    return [...speeds, ...lost];
  },
};

async function videosOf(context: BenchContext): Promise<Video[]> {
  const videos: Video[] = [{ name: "sample", ...(await sampleVideo(context)) }];
  if (existsSync(join(FLIES, "clip.mp4"))) videos.push({ name: "flies", file: join(FLIES, "clip.mp4"), truth: JSON.parse(await readFile(join(FLIES, "truth.json"), "utf8")) as Truth });
  else context.say(`  the video of the flies is not there (${FLIES}): it is left out`);
  return videos;
}

const measure = ({ name, file, truth }: Video, { cache, say }: BenchContext): Promise<Measured> =>
  withFolder(async (root) => {
    const video = createVideoTools({});
    const models = await modelFor({ video, file, truth, folder: join(cache, "speed", name), say });
    const common = { root, file, truth, video, inference: INFERENCE };
    const ours = await createOurs({ ...common, name: "exact", model: models.onnx });
    const int8 = await createOurs({ ...common, name: "int8", model: models.int8 });
    const { size, info } = ours;
    const rival = createRival({ model: models.onnx, task: info.task, video: file, frames: FRAMES, confidence: INFERENCE.confidence, iou: INFERENCE.iou, imgsz: Math.max(...info.imgsz) });
    try {
      say(`  ${name}: ${FRAMES} frames of ${truth.width}x${truth.height} as ${size.width}x${size.height}, all ways in turns`);
      const theirs = [await rival.predict({ batch: 8, keep: true }), await rival.predict({ batch: 1, keep: true })];
      const same = sameWork(truth, await ours.pipeline(), theirs);
      const quicker = pointsOf(truth, foundBy(await int8.pipeline()));
      const about = `${same.about}; in 8 bit ${rounded(quicker)}`;
      const ways: Record<Way, () => Promise<Timed>> = {
        ours: () => ours.pipeline(),
        int8: () => int8.pipeline(),
        ultralytics_8: () => rival.predict({ batch: 8, keep: false }),
        ultralytics_1: () => rival.predict({ batch: 1, keep: false }),
        onnx: () => rival.onnx({ threads: cpus().length, ...size }),
        decode: () => decodeAlone({ file, frames: FRAMES, size }),
      };
      const rounds: Round[] = [];
      for (let round = 0; round <= ROUNDS; round += 1) {
        const timed = {} as Round;
        // Each begins in turn, so that none always comes after the same one.
        for (let i = 0; i < WAYS.length; i += 1) {
          const way = WAYS[(i + round) % WAYS.length]!;
          timed[way] = await ways[way]();
          if (timed[way].frames !== FRAMES) throw new Error(`${way}: ${timed[way].frames} frames instead of ${FRAMES}`);
        }
        say(`    ${WAYS.map((way) => `${way} ${rounded(FRAMES / timed[way].seconds, 1)} fps, ${rounded((1000 * timed[way].cpu) / FRAMES, 1)} ms CPU`).join("; ")}`);
        if (round > 0) rounds.push(timed);
      }
      return { rounds, pointsLost: same.theirs - quicker, about: `${about}; ${size.width}x${size.height}, ${FRAMES} frames, load of the machine ${rounded(loadavg()[0]!, 1)}` };
    } finally {
      await rival.close();
      await int8.close();
      await ours.close();
    }
  });

const foundBy = ({ rows }: { rows: FrameDetections[] }): Found[][] => rows.map(({ detections }) => detections);

/** mAP50-95 in percent. */
function pointsOf(truth: Truth, found: Found[][]): number {
  const animals = truth.labels.slice(0, FRAMES).map((label) => label.animals.map(({ box }) => ({ box, classId: 0 })));
  return 100 * (meanAveragePrecision(found.map((each, i) => ({ found: each, truth: animals[i]! })), COCO_IOUS) ?? 0);
}

/** Throws where the two did not do the same; else says how alike they are. `theirs`: mAP50-95 of the first of them. */
function sameWork(truth: Truth, ours: { rows: FrameDetections[] }, others: Timed[]): { about: string; theirs: number } {
  const own = pointsOf(truth, foundBy(ours));
  const count = ours.rows.reduce((sum, { detections }) => sum + detections.length, 0);
  const theirs = others.map(({ found = [] }) => {
    const points = pointsOf(truth, found.map((frame) => frame.map(([x1, y1, x2, y2, score, classId]) => ({ box: [x1!, y1!, x2!, y2!], score: score!, classId: classId! }))));
    const objects = found.reduce((sum, frame) => sum + frame.length, 0);
    if (own < points - SAME_ACCURACY) throw new Error(`mAP50-95 ${rounded(own)} where Ultralytics has ${rounded(points)}`);
    if (Math.abs(objects - count) > 0.03 * objects + 5) throw new Error(`${count} animals found where Ultralytics finds ${objects}`);
    return { points, objects };
  });
  const words = theirs.map(({ points, objects }) => `${rounded(points)} (${objects} animals)`);
  return { about: `mAP50-95 ${rounded(own)} (${count} animals), Ultralytics ${words.join(" and ")}`, theirs: theirs[0]!.points };
}
