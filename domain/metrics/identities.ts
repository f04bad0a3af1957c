import { assign } from "../assignment.ts";
import { iou, type Box } from "../boxes.ts";

export interface IdentityFrame {
  found: { id: string; box: Box }[];
  truth: { id: string; box: Box }[];
}

export interface IdentityScores {
  idSwitches: number;
  mota: number;
  idf1: number;
  misses: number;
  falsePositives: number;
  /** Each switch: numbers, in the list of frames, of the frame with the old id and of that with the new one. */
  switches: { since: number; at: number; ids: [string, string] }[];
}

/**
 * CLEAR-MOT and IDF1 at IoU >= 0.5, as TrackEval counts them: a pair of the frame before (the last with anything to match) is kept while it overlaps enough,
 * the others are matched so that most are matched; a switch is a true animal that gets another id than it had last, however long ago.
 */
export function identityScores(frames: Iterable<IdentityFrame>, least = 0.5): IdentityScores {
  const last = new Map<string, { id: string; at: number }>();
  const switches: IdentityScores["switches"] = [];
  let before = new Map<string, string>();
  const together = new Map<string, Map<string, number>>();
  const counts = { truth: new Map<string, number>(), found: new Map<string, number>() };
  let at = -1;
  let [misses, falsePositives, total, foundTotal] = [0, 0, 0, 0];
  for (const { found, truth } of frames) {
    at += 1;
    const overlaps = truth.map((animal) => found.map((other) => iou(animal.box, other.box)));
    for (const animal of truth) count(counts.truth, animal.id);
    for (const animal of found) count(counts.found, animal.id);
    for (const [t, animal] of truth.entries()) for (const [f, other] of found.entries()) if (overlaps[t]![f]! >= least) count(within(together, animal.id), other.id);
    // Keeping a pair is worth more than any overlap.
    const cost = truth.map((animal, t) => found.map((other, f) => (overlaps[t]![f]! < least ? Infinity : -overlaps[t]![f]! - (before.get(animal.id) === other.id ? 1000 : 0))));
    const now = new Map<string, string>();
    for (const [t, f] of assign(cost, 0).entries()) {
      if (f < 0) continue;
      const [animal, id] = [truth[t]!.id, found[f]!.id];
      const known = last.get(animal);
      if (known !== undefined && known.id !== id) switches.push({ since: known.at, at, ids: [known.id, id] });
      last.set(animal, { id, at });
      now.set(animal, id);
    }
    misses += truth.length - now.size;
    falsePositives += found.length - now.size;
    total += truth.length;
    foundTotal += found.length;
    // A frame without anything to match leaves the pairs as they were.
    if (truth.length > 0 && found.length > 0) before = now;
  }
  const idSwitches = switches.length;
  return { idSwitches, switches, misses, falsePositives, mota: total === 0 ? 0 : 1 - (misses + falsePositives + idSwitches) / total, idf1: total + foundTotal === 0 ? 0 : (2 * sameIdentity(together, [...counts.found.keys()])) / (total + foundTotal) };
}

/** Frames in which an animal and the id that stands for it all through the video are together, at best. */
function sameIdentity(together: Map<string, Map<string, number>>, ids: string[]): number {
  const rows = [...together.values()];
  const cost = rows.map((row) => ids.map((id) => -(row.get(id) ?? 0)));
  return assign(cost).reduce((sum, column, row) => sum - (column < 0 ? 0 : cost[row]![column]!), 0);
}

function within(map: Map<string, Map<string, number>>, key: string): Map<string, number> {
  const inner = map.get(key) ?? new Map<string, number>();
  map.set(key, inner);
  return inner;
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
