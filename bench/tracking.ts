import { homedir } from "node:os";
import { join } from "node:path";
import { commandOf, rounded, spreadOf, type BenchContext, type Figure } from "./figure.ts";
import { compare, RIVALS, type Comparison } from "./tracking/compare.ts";
import { createEvaluator, type Evaluation } from "./tracking/python.ts";
import { trackedVideos } from "./tracking/videos.ts";

/** Detections and the Python that evaluates lie here: minutes of training that no new checkout should need again. */
const CACHE = join(homedir(), ".cache", "actverse", "bench-tracking");

const [VS, VS_UNKNOWN, VS_SAMPLE] = ["id_switches_vs_best_tracker", "id_switches_vs_best_tracker_number_unknown", "id_switches_vs_best_tracker_sample"] as const;
const [FLIES, FLIES_UNKNOWN] = ["id_switches_flies", "id_switches_flies_number_unknown"] as const;
const DOUBTS = "identity_doubts_recall";
const QUALITIES = ["hota", "idf1", "mota"] as const;

/** Who is who: ours with the number of animals and without, ByteTrack and BoT-SORT, over the same detections, as TrackEval counts. */
export const bench = {
  names: [VS, VS_UNKNOWN, VS_SAMPLE, FLIES, FLIES_UNKNOWN, DOUBTS, ...QUALITIES],
  async run({ say }: BenchContext): Promise<Figure[]> {
    const evaluator = await createEvaluator({ cache: CACHE, say });
    const compared: Comparison[] = [];
    for (const video of await trackedVideos({ cache: CACHE, say })) {
      const comparison = await compare({ video, evaluator });
      compared.push(comparison);
      for (const line of table(comparison)) say(`  ${line}`);
    }
    return figuresOf(compared);
  },
};

const percent = (value: number): string => (value * 100).toFixed(1);
const line = ({ hota, idf1, mota, id_switches, ids }: Evaluation): string => `${id_switches} switches, ${ids} ids, HOTA ${percent(hota)}, IDF1 ${percent(idf1)}, MOTA ${percent(mota)}`;

function table({ video, ours, rivals }: Comparison): string[] {
  return [
    `${video.name}: ${video.what}, ${video.frames.length} frames`,
    `  ours, number known        ${line(ours.known)}`,
    `  ours, number not known    ${line(ours.unknown)}`,
    ...Object.values(rivals).flatMap(({ default: standard, best, bestName }, i) => [`  ${Object.values(RIVALS)[i]}, default        ${line(standard)}`, `  ${bestName} (its best)    ${line(best)}`]),
  ];
}

/** Switches as a share of the better rival's, both at their best settings; where that made none, one and each of ours. */
function share(own: Evaluation, { rivals }: Comparison): number {
  const best = Math.min(...Object.values(rivals).map((rival) => rival.best.id_switches));
  return best === 0 ? 1 + own.id_switches : own.id_switches / best;
}

function figuresOf(compared: Comparison[]): Figure[] {
  const note = (what: string, of: (comparison: Comparison) => Evaluation[]): string =>
    `${what}; ${compared.map((one) => `${one.video.name}: ${of(one).map(({ id_switches }) => id_switches).join(" / ")}`).join(", ")}`;
  const [sample, flies] = ["sample", "flies"].map((name) => compared.find(({ video }) => video.name === name));
  const figure = (name: string, values: number[], more: Pick<Figure, "value" | "unit" | "goal" | "note"> & Partial<Figure>): Figure => ({ name, better: "lower", command: commandOf(name), spread: spreadOf(values.map((value) => rounded(value, 3))), ...more });
  const switches = "ID switches by video, ours / ByteTrack / BoT-SORT, these two at the best of several settings";
  const against = (own: "known" | "unknown") => ({ rivals }: Comparison, comparison: Comparison) => [comparison.ours[own], rivals.bytetrack.best, rivals.botsort.best];
  const ratio = (name: string, own: "known" | "unknown"): Figure => {
    const shares = compared.map((one) => share(one.ours[own], one));
    return figure(name, shares, { value: rounded(Math.max(...shares), 3), unit: "of the better rival's, on the worst video", goal: 1, note: note(`${switches}; the number of animals ${own === "known" ? "known" : "not known"}`, (one) => against(own)(one, one)) });
  };
  const quality = (name: (typeof QUALITIES)[number]): Figure => ({
    ...figure(name, compared.map(({ ours }) => ours.known[name] * 100), { value: rounded((sample?.ours.known[name] ?? Number.NaN) * 100, 1), unit: "%, on the sample", goal: null, note: `${name.toUpperCase()} of TrackEval 1.3.0 by video, ours with the number known / not known / ByteTrack / BoT-SORT: ${compared.map(({ video, ours, rivals }) => `${video.name}: ${[ours.known, ours.unknown, rivals.bytetrack.best, rivals.botsort.best].map((of) => percent(of[name])).join(" / ")}`).join(", ")}` }),
    better: "higher",
  });
  const count = (name: string, own: "known" | "unknown", goal: number): Figure[] =>
    flies === undefined ? [] : [figure(name, [flies.ours[own].id_switches], { value: flies.ours[own].id_switches, unit: "ID switches in 1,500 frames", goal, note: Object.entries({ ours: flies.ours[own], "ByteTrack, default": flies.rivals.bytetrack.default, "BoT-SORT, default": flies.rivals.botsort.default }).map(([who, of]) => `${who}: ${line(of)}`).join("; ") })];
  return [
    ratio(VS, "known"),
    ratio(VS_UNKNOWN, "unknown"),
    ...(sample === undefined ? [] : [figure(VS_SAMPLE, [share(sample.ours.known, sample), share(sample.ours.unknown, sample)], { value: rounded(share(sample.ours.known, sample), 3), unit: "of the better rival's", goal: 0.667, note: table(sample).slice(1).map((row) => row.trim().replaceAll(/ +/g, " ")).join("; ") })]),
    ...count(FLIES, "known", 5),
    ...count(FLIES_UNKNOWN, "unknown", 20),
    doubted(compared),
    ...QUALITIES.map(quality),
  ];
}

/** How many of the switches somebody would find who looks at the moments that the result names. */
function doubted(compared: Comparison[]): Figure {
  const sum = (of: keyof Comparison["doubts"]): number => compared.reduce((total, { doubts }) => total + doubts[of], 0);
  const shares = compared.filter(({ doubts }) => doubts.switches > 0).map(({ doubts }) => (doubts.foretold / doubts.switches) * 100);
  return {
    name: DOUBTS, value: rounded((sum("foretold") / sum("switches")) * 100, 1), unit: "% of all switches lie in a moment that the result names", goal: null, better: "higher", command: commandOf(DOUBTS), spread: spreadOf(shares.map((value) => rounded(value, 1))),
    note: `within half a second, of either of its ids; ours with the number known and not, switches found / switches / moments named: ${compared.map(({ video, doubts }) => `${video.name}: ${doubts.foretold} / ${doubts.switches} / ${doubts.moments}`).join(", ")}`,
  };
}
