import { exchange } from "./exchange.ts";
import { linkCost, lookCost, type Link } from "./link-cost.ts";
import { standardLooks, type StandardLook } from "./looks.ts";
import type { Tracklet } from "./tracklet.ts";

/** No way from one tracklet to another costs more: with N animals, whoever comes back is one of them. */
const DEAREST = 3;
/** What it is worth to keep one sure sighting. */
const WORTH = 0.3;
/** A tracklet may be followed by so many of those that begin after it. */
const SUCCESSORS = 60;
/** What it is worth to go on with an animal that is settled: more than all else together. */
const SETTLED = 1e6;
/** Tracklets for which the looks of an animal that is settled count. */
const REMEMBERED = 20;

/**
 * Puts tracklets (by first frame) on at most `lanes` lanes, so that the worth of what is kept less the cost of the links is greatest;
 * what finds no place is left out. Tracklets on one lane follow each other in time. Gives for each tracklet its lane, or -1.
 * The first `fixed` ones are ends of animals that are settled: they get lanes of their own, and nothing comes before them.
 * Exact: a flow of least cost through the tracklets, one unit per lane (as in Zhang, Li, Nevatia 2008).
 */
export function joinOnLanes(tracklets: Tracklet[], lanes: number, fps: number, fixed = 0): number[] {
  const count = tracklets.length;
  const looks = standardLooks(tracklets, fixed);
  const graph = createGraph(2 * count + 2);
  const [source, sink] = [2 * count, 2 * count + 1];
  for (const [i, tracklet] of tracklets.entries()) {
    graph.add(2 * i, 2 * i + 1, i < fixed ? -SETTLED : -WORTH * tracklet.scoreSum);
    graph.add(source, 2 * i, 0);
    graph.add(2 * i + 1, sink, 0);
  }
  for (const { from, to, cost } of linksOf(tracklets, { looks, fps, fixed })) graph.add(2 * from + 1, 2 * to, cost);
  const order = [source, ...Array.from({ length: 2 * count }, (_, i) => i), sink];
  for (let lane = 0; lane < lanes; lane += 1) if (!graph.augment(source, sink, order)) break;

  const found: number[][] = [];
  for (const i of tracklets.keys()) {
    if (!graph.used(source, 2 * i)) continue;
    const lane: number[] = [];
    // Each tracklet has two nodes: the way in and the way out.
    for (let node: number | undefined = 2 * i; node !== undefined && node !== sink; node = graph.usedFrom(node)) if (node % 2 === 0) lane.push(node >> 1);
    found.push(lane);
  }
  // A link knows only its two ends; how a lane looks from beginning to end is another matter.
  const remembered = looks.map((look, i) => (i < fixed && look !== null ? { ...look, weight: REMEMBERED * look.weight } : look));
  exchange(found, { begins: (i) => (i < fixed ? -Infinity : tracklets[i]!.first.frame), looks: remembered, fixed, linkCost: (from, to) => bounded(linkCost(tracklets[from]!, tracklets[to]!, fps)) });
  const laneOf = tracklets.map(() => -1);
  for (const [lane, members] of found.entries()) for (const i of members) laneOf[i] = lane;
  return laneOf;
}

function linksOf(tracklets: Tracklet[], { looks, fps, fixed }: { looks: (StandardLook | null)[]; fps: number; fixed: number }): Link[] {
  const links: Link[] = [];
  for (const [from, a] of tracklets.entries()) {
    let found = 0;
    for (let to = Math.max(fixed, from + 1); to < tracklets.length && found < SUCCESSORS; to += 1) {
      const cost = linkCost(a, tracklets[to]!, fps);
      if (cost === Infinity) continue;
      found += 1;
      links.push({ from, to, cost: bounded(cost) + lookCost(looks[from] ?? null, looks[to] ?? null) });
    }
  }
  return links;
}

const bounded = (cost: number): number => Math.min(DEAREST, cost) + 0.01 * cost;

/** Edges carry one unit each; edge e and its way back e ^ 1 lie beside each other. */
function createGraph(nodes: number) {
  const edges: number[][] = Array.from({ length: nodes }, () => []);
  const to: number[] = [];
  const cost: number[] = [];
  const room: number[] = [];

  function add(a: number, b: number, price: number): void {
    edges[a]!.push(to.length);
    edges[b]!.push(to.length + 1);
    to.push(b, a);
    cost.push(price, -price);
    room.push(1, 0);
  }

  /** Sends one more unit along the cheapest way (Bellman-Ford, sweeping `order` to and fro); false where that gains nothing. */
  function augment(source: number, sink: number, order: number[]): boolean {
    const best = new Float64Array(nodes).fill(Infinity);
    const by = new Int32Array(nodes).fill(-1);
    best[source] = 0;
    // Only ways from a node that became cheaper can make another one cheaper.
    const cheaper = new Uint8Array(nodes);
    cheaper[source] = 1;
    const back = order.toReversed();
    for (let changed = true, sweep = 0; changed; sweep += 1) {
      changed = false;
      for (const node of sweep % 2 === 0 ? order : back) {
        if (cheaper[node] === 0) continue;
        cheaper[node] = 0;
        for (const edge of edges[node]!) {
          if (room[edge] === 0 || best[node]! + cost[edge]! >= best[to[edge]!]! - 1e-9) continue;
          best[to[edge]!] = best[node]! + cost[edge]!;
          by[to[edge]!] = edge;
          cheaper[to[edge]!] = 1;
          changed = true;
        }
      }
    }
    if (!(best[sink]! < 0)) return false;
    for (let node = sink; node !== source; node = to[by[node]! ^ 1]!) {
      room[by[node]!]! -= 1;
      room[by[node]! ^ 1]! += 1;
    }
    return true;
  }

  const usedEdge = (edge: number) => edge % 2 === 0 && room[edge] === 0;
  return {
    add,
    augment,
    used: (a: number, b: number) => edges[a]!.some((edge) => to[edge] === b && usedEdge(edge)),
    usedFrom: (node: number) => to[edges[node]!.find(usedEdge) ?? -1],
  };
}
