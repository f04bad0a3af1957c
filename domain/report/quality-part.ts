import { LISTED, LOW_SCORE, type Moment, type Moments, type Quality } from "../quality/quality.ts";
import { clock, dot, esc, grouped, hexOf, lasting, percent, timeAxis } from "./parts.ts";

/** Quality at a glance: figures, where on the time line, and a list whose times open the video there. */

/** Moments that are seen before the rest is unfolded. */
const FIRST = 8;

export interface QualityPartOptions {
  quality: Quality;
  /** Seconds of the whole time line. */
  seconds: number;
  /** The annotated video beside the report; null where there is none. */
  video: string | null;
}

const KINDS = [
  { key: "missing", title: "Animals missing", kind: "warn", value: ({ value }: Moment) => `${value} found` },
  { key: "low_confidence", title: "Low confidence", kind: "warn", value: ({ value }: Moment) => `score down to ${value.toFixed(2)}` },
  { key: "suspected_swaps", title: "Suspected swaps", kind: "bad", value: ({ why }: Moment) => (why === "overlap" ? "on one another" : "jumped") },
] as const;

export function qualityPart({ quality, seconds, video }: QualityPartOptions): string {
  const { expected, complete, mean_score: score } = quality;
  const animals = expected.animals === 1 ? "the animal" : `all ${expected.animals} animals`;
  const from = expected.from === "settings" ? "" : " (the number that most frames have)";
  const all = complete.share >= 0.95 ? "good" : complete.share >= 0.8 ? "warn" : "bad";
  const tiles = [
    quality.ids === 0 ? tile("0", "animals found in the whole video", "bad") : tile(percent(complete.share), `of the frames show ${animals}${from}`, all),
    ...KINDS.map(({ key, title, kind }) => tile(grouped(quality[key].count), `${title.toLowerCase()}${quality[key].seconds >= 0.05 ? `, ${lasting(quality[key].seconds)} in all` : ""}`, quality[key].count === 0 ? "good" : kind)),
    tile(score === null ? "–" : score.toFixed(2), "mean score of the boxes", score === null ? "" : score >= 0.7 ? "good" : "warn"),
  ];
  const strips = KINDS.map(({ key, title, kind }) => `<div class="strip"><span>${title}</span><svg class="${kind}" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="${title}">${quality[key].listed.map((moment) => mark(moment, seconds, video)).join("")}</svg></div>`);
  const lists = KINDS.filter(({ key }) => quality[key].count > 0).map(({ key, title, value }) => list(title, quality[key], value, video));
  return `<section id="quality"><h2>Quality at a glance</h2><div class="tiles">${tiles.join("")}</div><div class="strips wide">${strips.join("")}${timeAxis(seconds)}</div>
<div class="moments">${lists.join("")}</div>
<p class="small">Low confidence: a box, or an animal's keypoints on average, with a score below ${LOW_SCORE} for at least 0.2 s. Suspected swap: two animals whose ways fit as well or better with their ids exchanged, or that lay on one another.${video === null ? "" : " A time opens the annotated video there; it must lie beside this file."}</p></section>`;
}

const tile = (figure: string, text: string, kind: string): string => `<div class="tile ${kind}"><b>${figure}</b><span>${esc(text)}</span></div>`;

/** At least a hair wide, or nobody sees it. */
function mark({ time, end_time: end, ids }: Moment, seconds: number, video: string | null): string {
  const scale = 1000 / Math.max(seconds, 1e-9);
  const rect = `<rect x="${(time * scale).toFixed(2)}" width="${Math.max(2.5, (end - time) * scale).toFixed(2)}" height="10"><title>${clock(time, true)} ${ids.map((id) => `animal ${esc(id)}`).join(" and ")}</title></rect>`;
  return video === null ? rect : `<a href="${link(video, time)}">${rect}</a>`;
}

const link = (video: string, time: number): string => `${esc(video)}#t=${Math.max(0, time).toFixed(2)}`;

function list(title: string, { count, listed }: Moments, value: (moment: Moment) => string, video: string | null): string {
  const items = listed.map((moment) => {
    const { time, end_time: end, frame, ids } = moment;
    const text = end - time < 0.05 ? clock(time, true) : `${clock(time, true)}–${clock(end, true)}`;
    const at = video === null ? `<b>${text}</b>` : `<a href="${link(video, time)}">${text}</a>`;
    return `<li>${at} <span>${ids.map((id) => `${dot(hexOf(id))}${esc(id)}`).join(" ")}</span> <span class="muted">${value(moment)}, frame ${frame}</span></li>`;
  });
  const more = items.length > FIRST ? `<details><summary>${items.length - FIRST} more</summary><ol>${items.slice(FIRST).join("")}</ol></details>` : "";
  return `<div><h3>${title} <span>${grouped(count)}${count > LISTED ? `, the worst ${listed.length} are listed` : ""}</span></h3><ol>${items.slice(0, FIRST).join("")}</ol>${more}</div>`;
}
