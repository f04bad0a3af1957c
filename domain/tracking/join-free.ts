import { assign } from "../assignment.ts";
import { linkCost, lookCost, type Link } from "./link-cost.ts";
import { standardLooks } from "./looks.ts";
import type { Tracklet } from "./tracklet.ts";

/** Links above this are not made: the animal may as well be another one. */
const LIMIT = 1.5;
/** Out of sight for longer, seconds: a new id. */
const LONGEST_GAP = 3;
/** Links are weighed against each other within groups of at most so many tracklets. */
const GROUP = 250;

/**
 * How many animals there are is not known: tracklets (by first frame) that plausibly follow each other get the same number.
 * The links are chosen together (linear assignment), each tracklet having at most one before and one after it.
 * The first `fixed` ones are ends of animals that are settled: nothing comes before them.
 */
export function joinFreely(tracklets: Tracklet[], fps: number, fixed = 0): number[] {
  const next = tracklets.map(() => -1);
  for (const links of groupsOf(linksOf(tracklets, fps, fixed), tracklets.length)) {
    const rows = [...new Set(links.map((link) => link.from))];
    const columns = [...new Set(links.map((link) => link.to))];
    const cost = rows.map(() => columns.map(() => Infinity));
    const [row, column] = [new Map(rows.map((from, i) => [from, i])), new Map(columns.map((to, i) => [to, i]))];
    for (const link of links) cost[row.get(link.from)!]![column.get(link.to)!] = link.cost;
    for (const [r, c] of assign(cost, LIMIT).entries()) if (c >= 0) next[rows[r]!] = columns[c]!;
  }
  const chain = tracklets.map((_, i) => i);
  for (const [i, to] of next.entries()) if (to >= 0) chain[to] = chain[i]!;
  return chain;
}

function linksOf(tracklets: Tracklet[], fps: number, fixed: number): Link[] {
  const links: Link[] = [];
  const looks = standardLooks(tracklets, fixed);
  for (const [from, a] of tracklets.entries()) {
    for (let to = Math.max(fixed, from + 1); to < tracklets.length; to += 1) {
      const b = tracklets[to]!;
      if (b.first.frame - a.last.frame > LONGEST_GAP * fps) break;
      const cost = linkCost(a, b, fps) + lookCost(looks[from]!, looks[to]!);
      if (cost < LIMIT) links.push({ from, to, cost });
    }
  }
  return links;
}

/** Links that compete with each other, best links first so that only poor ones are lost where a group would grow too large. */
function groupsOf(links: Link[], count: number): Link[][] {
  // A tracklet's end and another's beginning compete; its own beginning and end do not.
  const parent = Array.from({ length: 2 * count }, (_, i) => i);
  const size = parent.map(() => 1);
  const root = (node: number): number => {
    let at = node;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  const groups = new Map<number, Link[]>();
  const kept: Link[] = [];
  for (const link of links.toSorted((a, b) => a.cost - b.cost)) {
    const [a, b] = [root(2 * link.from + 1), root(2 * link.to)];
    if (a !== b && size[a]! + size[b]! > GROUP) continue;
    if (a !== b) {
      parent[b] = a;
      size[a]! += size[b]!;
    }
    kept.push(link);
  }
  for (const link of kept) {
    const key = root(2 * link.from + 1);
    const group = groups.get(key) ?? [];
    group.push(link);
    groups.set(key, group);
  }
  return [...groups.values()];
}
