import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityScores, type IdentityScores } from "../../domain/metrics/identities.ts";
import type { DoubtfulMoment } from "../../domain/tracking/doubtful-moments.ts";
import { createTracker } from "../../domain/tracking/tracker.ts";
import { writeMot, type Identified } from "./mot.ts";
import type { Evaluation, Evaluator, RivalRun } from "./python.ts";
import type { TrackedVideo } from "./videos.ts";

const [KNOWN, UNKNOWN] = ["ours, number known", "ours, number not known"];
export const RIVALS = { bytetrack: "ByteTrack", botsort: "BoT-SORT" } as const;
export type Rival = keyof typeof RIVALS;

/** Besides their defaults: what one would try on such a video. The best of all, by switches, is what ours is compared with. */
const SETTINGS: Record<string, RivalRun["settings"]> = {
  default: {},
  "buffer 90": { track_buffer: 90 },
  "high 0.5, low 0.25": { track_high_thresh: 0.5, track_low_thresh: 0.25, new_track_thresh: 0.6, track_buffer: 60 },
  "new 0.6, buffer 60": { new_track_thresh: 0.6, track_buffer: 60 },
  "match 0.9": { match_thresh: 0.9, track_buffer: 60 },
  "no score fusion": { fuse_score: false, track_buffer: 60 },
};
const STILL_CAMERA: RivalRun["settings"] = { gmc_method: "none", track_buffer: 60 };

const runsOf = (tracker: Rival): RivalRun[] =>
  Object.entries({ ...SETTINGS, ...(tracker === "botsort" ? { "no motion of the camera": STILL_CAMERA } : {}) }).map(([name, settings]) => ({ name: `${RIVALS[tracker]}, ${name}`, tracker, settings }));

export interface Comparison {
  video: TrackedVideo;
  ours: { known: Evaluation; unknown: Evaluation };
  /** Of the switches of ours (known and not, together) those that lie in a moment that the result calls doubtful, or within half a second; and all such moments. */
  doubts: { switches: number; foretold: number; moments: number };
  rivals: Record<Rival, { default: Evaluation; best: Evaluation; bestName: string }>;
}

/** Ours, with the number of animals and without, and Ultralytics' two, over the same detections of one video, as TrackEval counts. */
export async function compare({ video, evaluator }: { video: TrackedVideo; evaluator: Evaluator }): Promise<Comparison> {
  const folder = await mkdtemp(join(tmpdir(), "actverse-tracking-"));
  try {
    const runs = [...runsOf("bytetrack"), ...runsOf("botsort")];
    const tracks: Record<string, Identified[]> = {};
    const own = { [KNOWN]: ours(video, video.truth.tracks.length), [UNKNOWN]: ours(video, null) };
    for (const [name, { ids }] of Object.entries(own)) tracks[name] = ids;
    const detections = join(folder, "detections.ndjson");
    await writeFile(detections, video.frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""));
    await mkdir(join(folder, "ids"));
    await evaluator.track({ video: video.video, detections, runs, output: join(folder, "ids") });
    for (const { name } of runs) tracks[name] = withIds(video, JSON.parse(await readFile(join(folder, "ids", `${name}.json`), "utf8")) as number[][]);
    const truth = truthOf(video);
    await writeMot({ folder, video: video.name, truth, tracks });
    const found = (await evaluator.evaluate({ folder, frames: { [video.name]: video.frames.length }, trackers: Object.keys(tracks) }))[video.name]!;
    const doubts = { switches: 0, foretold: 0, moments: 0 };
    for (const [name, frames] of Object.entries(tracks)) {
      const { switches } = agree(name, { found: found[name]!, frames, truth });
      const moments = own[name]?.moments;
      if (moments === undefined) continue;
      doubts.switches += switches.length;
      doubts.foretold += foretold({ video, switches, moments });
      doubts.moments += moments.length;
    }
    const rival = (tracker: Rival): Comparison["rivals"][Rival] => {
      const of = runsOf(tracker).map(({ name }) => ({ name, evaluation: found[name]! }));
      const best = of.toSorted((a, b) => a.evaluation.id_switches - b.evaluation.id_switches || b.evaluation.hota - a.evaluation.hota)[0]!;
      return { default: of[0]!.evaluation, best: best.evaluation, bestName: best.name };
    };
    return { video, doubts, ours: { known: found[KNOWN]!, unknown: found[UNKNOWN]! }, rivals: { bytetrack: rival("bytetrack"), botsort: rival("botsort") } };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function ours({ frames, truth, frameSkip }: TrackedVideo, numAnimals: number | null): { ids: Identified[]; moments: DoubtfulMoment[] } {
  const tracker = createTracker({ numAnimals, fps: truth.fps, frameSkip });
  for (const frame of frames) tracker.push(frame);
  const assignment = tracker.finish();
  return { ids: withIds({ frames }, frames.map((_, i) => [...assignment.idsOf(i)])), moments: assignment.doubtfulMoments() };
}

function foretold({ video, switches, moments }: { video: TrackedVideo; switches: IdentityScores["switches"]; moments: DoubtfulMoment[] }): number {
  const near = video.truth.fps / 2;
  const frame = (i: number): number => video.frames[i]!.frame;
  return switches.filter(({ since, at, ids }) => moments.some(({ from, to, ids: of }) => from - near <= frame(at) && to + near >= frame(since) && of.some((id) => ids.includes(String(id))))).length;
}

/** Every detection must have got an answer: the same went into all. */
function withIds({ frames }: Pick<TrackedVideo, "frames">, ids: number[][]): Identified[] {
  if (ids.length !== frames.length) throw new Error(`${ids.length} frames came back of ${frames.length}`);
  return frames.map(({ frame, detections }, i) => {
    if (ids[i]!.length !== detections.length) throw new Error(`frame ${frame}: ${ids[i]!.length} ids for ${detections.length} detections`);
    return detections.flatMap(({ box, score }, k) => (ids[i]![k]! < 0 ? [] : [{ id: ids[i]![k]!, box, score }]));
  });
}

function truthOf({ frames, truth }: TrackedVideo): Identified[] {
  const labels = new Map(truth.labels.map(({ frame, animals }) => [frame, animals]));
  return frames.map(({ frame }) => (labels.get(frame) ?? []).map(({ track, box }) => ({ id: truth.tracks.indexOf(track), box, score: 1 })));
}

/** Our own count, which the demo and the tests use, against TrackEval's. */
function agree(name: string, { found, frames, truth }: { found: Evaluation; frames: Identified[]; truth: Identified[] }): IdentityScores {
  const named = (animals: Identified[number][]) => animals.map(({ id, box }) => ({ id: String(id), box }));
  const own = identityScores(frames.map((animals, i) => ({ found: named(animals), truth: named(truth[i]!) })));
  const same = own.idSwitches === found.id_switches && own.misses === found.misses && own.falsePositives === found.false_positives && Math.abs(own.mota - found.mota) < 1e-9 && Math.abs(own.idf1 - found.idf1) < 1e-9;
  if (!same) throw new Error(`${name}: our scores ${JSON.stringify(own)} are not TrackEval's ${JSON.stringify(found)}`);
  return own;
}
