import type { ResultMetadata, ResultRow } from "../result.ts";
import { LISTED, type QualityAnimal } from "./quality.ts";

interface Sightings {
  frames: number;
  first: number;
  last: number;
  scores: number;
}

/** The first pass: who was seen how often, and how many at once. */
export function createPresence() {
  const animals = new Map<string, Sightings>();
  /** Frames by their number of animals. */
  const counts = new Map<number, number>();
  let [frames, lastFrame, scores, sightings] = [0, -1, 0, 0];
  return {
    push(row: ResultRow): void {
      frames += 1;
      lastFrame = row.frame;
      counts.set(row.ids.length, (counts.get(row.ids.length) ?? 0) + 1);
      row.ids.forEach((id, i) => {
        const score = row.boxes_score[i] ?? 0;
        scores += score;
        sightings += 1;
        const before = animals.get(id);
        if (before === undefined) animals.set(id, { frames: 1, first: row.timestamp, last: row.timestamp, scores: score });
        else Object.assign(before, { frames: before.frames + 1, last: row.timestamp, scores: before.scores + score });
      });
    },
    finish({ settings }: Pick<ResultMetadata, "settings">) {
      const said = settings["num_animals"];
      // Of two that are as frequent, the larger one: who is missing is more often overlooked than seen twice.
      const usual = [...counts].sort(([a, n], [b, m]) => m - n || b - a)[0]?.[0] ?? 0;
      const expected = typeof said === "number" ? { animals: said, from: "settings" as const } : { animals: usual, from: "most frames" as const };
      const complete = [...counts].reduce((sum, [count, n]) => (count >= expected.animals ? sum + n : sum), 0);
      const share = (part: number): number => (frames === 0 ? 0 : Number((part / frames).toFixed(6)));
      const most = [...animals].sort(([, a], [, b]) => b.frames - a.frames).slice(0, LISTED).sort(([a], [b]) => Number(a) - Number(b));
      return {
        frames,
        last_frame: lastFrame,
        expected,
        complete: { frames: complete, share: share(complete) },
        mean_score: sightings === 0 ? null : Number((scores / sightings).toFixed(4)),
        ids: animals.size,
        animals: most.map(([id, seen]): QualityAnimal => ({ id, frames: seen.frames, share: share(seen.frames), first_time: seen.first, last_time: seen.last, mean_score: Number((seen.scores / seen.frames).toFixed(4)) })),
      };
    },
  };
}
