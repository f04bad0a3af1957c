import { createRandom } from "../../scripts/sample/random.ts";
import { diagonal, iou, type Box } from "../boxes.ts";
import type { Detection, FrameDetections } from "../detections.ts";
import { identityScores, type IdentityScores } from "../metrics/identities.ts";
import type { Truth } from "../result.ts";
import type { DoubtfulMoment } from "./doubtful-moments.ts";
import { createTracker } from "./tracker.ts";

export interface Disturbance {
  seed: number;
  /** Standard deviation of boxes and keypoints, in box diagonals. */
  jitter: number;
  /** Share of animals that are missed. */
  missed: number;
  /** False boxes a frame. */
  falseBoxes: number;
  /** Share of animals that are found twice. */
  doubled: number;
  /** Where two boxes overlap by more, only one of the two animals is found, ... */
  mergeAbove: number;
  /** ... in this share of the frames. */
  merged: number;
}

/** What a middling model might have found. */
export function disturb(truth: Pick<Truth, "width" | "height" | "fps" | "labels">, how: Disturbance): FrameDetections[] {
  const random = createRandom(how.seed);
  // A merge hides the same animal for some frames, as it does with real models.
  let hidden = new Map<string, number>();
  return truth.labels.map(({ frame, animals }) => {
    const detections: Detection[] = [];
    for (const [i, a] of animals.entries()) {
      for (const b of animals.slice(i + 1)) {
        if (iou(a.box, b.box) <= how.mergeAbove || hidden.has(a.track) || hidden.has(b.track) || random.next() > how.merged / 4) continue;
        hidden.set(random.next() < 0.5 ? a.track : b.track, 1 + Math.floor(random.next() * 7));
      }
    }
    for (const animal of animals) {
      if (hidden.has(animal.track) || random.next() < how.missed) continue;
      const found = detection(animal, random.between(0.55, 0.98));
      detections.push(found);
      if (random.next() < how.doubled) detections.push(detection(animal, random.between(0.25, 0.6)));
    }
    hidden = new Map([...hidden].map(([track, left]): [string, number] => [track, left - 1]).filter(([, left]) => left > 0));
    if (random.next() < how.falseBoxes) {
      const model = animals[0]!;
      const [dx, dy] = [random.between(-1, 1) * truth.width, random.between(-1, 1) * truth.height];
      detections.push(detection({ box: [model.box[0] + dx, model.box[1] + dy, model.box[2] + dx, model.box[3] + dy], keypoints: model.keypoints.map(([x, y, v]) => [x + dx, y + dy, v]) }, random.between(0.25, 0.7)));
    }
    return { frame, time: frame / truth.fps, detections: detections.toSorted((a, b) => b.score - a.score) };
  });

  function detection(animal: { box: Box; keypoints: [number, number, number][] }, score: number): Detection {
    const noise = () => random.normal() * how.jitter * diagonal(animal.box);
    return {
      box: animal.box.map((value) => value + noise()) as Box,
      score,
      classId: 0,
      keypoints: animal.keypoints.map(([x, y, visible]) => [x + noise() * (visible === 0 ? 4 : 1), y + noise() * (visible === 0 ? 4 : 1), visible === 0 ? random.between(0.1, 0.5) : random.between(0.6, 1)]),
    };
  }
}

/** Tracks the frames and scores the ids against the truth. */
export function trackAndScore(options: { truth: Truth; frames: FrameDetections[]; numAnimals: number | null; atOnce?: number }): IdentityScores & { ids: number; doubts: DoubtfulMoment[] } {
  const { truth, frames, ...how } = options;
  const tracker = createTracker({ ...how, fps: truth.fps, frameSkip: 0 });
  for (const frame of frames) tracker.push(frame);
  const assignment = tracker.finish();
  const scores = identityScores(
    frames.map(({ detections }, i) => {
      const ids = assignment.idsOf(i);
      const found = detections.map(({ box }, k) => ({ id: ids[k]!, box })).filter(({ id }) => id >= 0);
      if (new Set(found.map(({ id }) => id)).size !== found.length) throw new Error(`frame ${i}: an id twice`);
      return { found: found.map(({ id, box }) => ({ id: String(id), box })), truth: truth.labels[i]!.animals.map(({ track, box }) => ({ id: track, box })) };
    }),
  );
  return { ...scores, ids: assignment.ids, doubts: assignment.doubtfulMoments() };
}

/** The switches that lie in a doubtful moment of one of their ids, or within half a second of it. Frames are numbered without gaps. */
export function foretold({ switches, doubts }: Pick<ReturnType<typeof trackAndScore>, "switches" | "doubts">, fps: number): IdentityScores["switches"] {
  return switches.filter(({ since, at, ids }) => doubts.some((moment) => moment.from - fps / 2 <= at && moment.to + fps / 2 >= since && moment.ids.some((id) => ids.includes(String(id)))));
}
