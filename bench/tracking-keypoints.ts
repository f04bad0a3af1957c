import { homedir } from "node:os";
import { join } from "node:path";
import { diagonal, iou } from "../domain/boxes.ts";
import { deriveFlipIdx } from "../domain/flip.ts";
import { createSwapFinder, pairsOf } from "../domain/side-swaps.ts";
import { createSmoother, halfWindowOf, type SmoothedFrame } from "../domain/smoothing.ts";
import { createTracker } from "../domain/tracking/tracker.ts";
import { commandOf, median, rounded, spreadOf, type BenchContext, type Figure } from "./figure.ts";
import { trackedVideos, type TrackedVideo } from "./tracking/videos.ts";

const CACHE = join(homedir(), ".cache", "actverse", "bench-tracking");
const [ERROR, JITTER] = ["keypoint_error_smoothed", "keypoint_jitter_smoothed"] as const;

/** Keypoints after smoothing against those of the model, both against the truth, on real detections. */
export const bench = {
  names: [ERROR, JITTER],
  async run({ say }: BenchContext): Promise<Figure[]> {
    const videos = (await trackedVideos({ cache: CACHE, say })).filter(({ name }) => name !== "sample_weak");
    const measured = videos.map((video) => ({ video, ...measure(video) }));
    const figure = (name: string, of: "error" | "jitter", unit: string): Figure => {
      const shares = measured.map((one) => one[of].smooth / one[of].raw);
      const note = measured.map((one) => `${one.video.name}: ${rounded(one[of].raw * 100)} to ${rounded(one[of].smooth * 100)}`).join(", ");
      return { name, value: rounded(median(shares), 3), unit, goal: 1, better: "lower", spread: spreadOf(shares.map((value) => rounded(value, 3))), command: commandOf(name), note: `% of the box diagonal, before and after; visible keypoints of animals found with IoU 0.5; ${note}; left and right put right in ${measured.map(({ video, swaps }) => `${video.name}: ${swaps.said} pairs of ${swaps.of} (${swaps.true} are exchanged by the truth, ${swaps.both} of them found)`).join(", ")}` };
    };
    return [figure(ERROR, "error", "of the mean error before"), figure(JITTER, "jitter", "of the error's root mean square change from frame to frame before")];
  },
};

/** As the joining does it. */
function smoothed(video: TrackedVideo): SmoothedFrame[] {
  const tracker = createTracker({ numAnimals: video.truth.tracks.length, fps: video.truth.fps, frameSkip: video.frameSkip });
  for (const frame of video.frames) tracker.push(frame);
  const assignment = tracker.finish();
  const [sides, smoother] = [createSwapFinder(pairsOf(deriveFlipIdx(video.truth.keypoints))), createSmoother({ halfWindowS: halfWindowOf((video.frameSkip + 1) / video.truth.fps) })];
  const tracked = video.frames.map(({ frame, time, detections }, i) => {
    const kept = [...assignment.idsOf(i).entries()].filter(([, id]) => id >= 0).toSorted(([, a], [, b]) => a - b);
    return { frame, time, ids: kept.map(([, id]) => id), detections: kept.map(([k]) => detections[k]!) };
  });
  const checked = [...tracked.flatMap((frame) => sides.push(frame)), ...sides.finish()];
  return [...checked.flatMap((frame) => smoother.push(frame)), ...smoother.finish()];
}

function measure(video: TrackedVideo) {
  const labels = new Map(video.truth.labels.map(({ frame, animals }) => [frame, animals]));
  const pairs = pairsOf(deriveFlipIdx(video.truth.keypoints));
  const sums = { count: 0, raw: 0, smooth: 0, changes: 0, rawChange: 0, smoothChange: 0 };
  const swaps = { said: 0, of: 0, true: 0, both: 0 };
  /** Of each animal and keypoint: the frame and the two errors when it was last seen. */
  const last = new Map<string, { n: number; raw: number[]; smooth: number[] }>();
  for (const [n, frame] of smoothed(video).entries()) {
    for (const animal of labels.get(frame.frame) ?? []) {
      const at = frame.detections.map(({ box }) => iou(box, animal.box)).reduce((best, value, i, all) => (value >= 0.5 && value > (all[best] ?? 0) ? i : best), -1);
      if (at < 0) continue;
      const size = diagonal(animal.box);
      const found = frame.detections[at]!.keypoints;
      for (const [k, [x, y, visible]] of animal.keypoints.entries()) {
        if (visible === 0) continue;
        const off = ([px, py]: readonly number[]): number[] => [(px! - x) / size, (py! - y) / size];
        const [raw, smooth] = [off(found[k]!), off(frame.smoothed[at]![k]!)];
        sums.count += 1;
        sums.raw += Math.hypot(...raw);
        sums.smooth += Math.hypot(...smooth);
        const before = last.get(`${animal.track} ${k}`);
        if (before?.n === n - 1) {
          sums.changes += 1;
          sums.rawChange += (raw[0]! - before.raw[0]!) ** 2 + (raw[1]! - before.raw[1]!) ** 2;
          sums.smoothChange += (smooth[0]! - before.smooth[0]!) ** 2 + (smooth[1]! - before.smooth[1]!) ** 2;
        }
        last.set(`${animal.track} ${k}`, { n, raw, smooth });
      }
      for (const [a, b] of pairs) {
        const [one, other] = [animal.keypoints[a]!, animal.keypoints[b]!];
        if (one[2] === 0 || other[2] === 0) continue;
        const far = (p: readonly number[], q: readonly number[]): number => Math.hypot(p[0]! - q[0]!, p[1]! - q[1]!);
        // By so much nearer the other way round that noise does not explain it.
        const exchanged = far(found[a]!, other) + far(found[b]!, one) + 0.06 * size < far(found[a]!, one) + far(found[b]!, other);
        const said = frame.swaps![at]!.some(([p]) => p === a);
        swaps.of += 1;
        swaps.true += exchanged ? 1 : 0;
        swaps.said += said ? 1 : 0;
        swaps.both += said && exchanged ? 1 : 0;
      }
    }
  }
  return { error: { raw: sums.raw / sums.count, smooth: sums.smooth / sums.count }, jitter: { raw: Math.sqrt(sums.rawChange / sums.changes), smooth: Math.sqrt(sums.smoothChange / sums.changes) }, swaps };
}
