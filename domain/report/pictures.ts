import type { ResultMetadata } from "../result.ts";
import { centreZone, type DrawnAnimal, type Figures } from "./figures.ts";
import { dot, esc, hexOf, timeAxis } from "./parts.ts";

type Size = Pick<ResultMetadata, "origin_width" | "origin_height">;
const zone = (metadata: Size): string => {
  const [x1, y1, x2, y2] = centreZone(metadata);
  return `<rect class="zone" x="${x1}" y="${y1}" width="${x2 - x1}" height="${y2 - y1}"/>`;
};
const box = ({ origin_width: width, origin_height: height }: Size): string => `viewBox="0 0 ${width} ${height}"`;
const tenth = (value: number): number => Number(value.toFixed(1));

export function trajectories(drawn: DrawnAnimal[], metadata: ResultMetadata): string {
  const ways = drawn.map(({ id, paths }) => `<path class="way" style="--c:${hexOf(id)}" d="${paths.map((points) => points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${tenth(x)} ${tenth(y)}${points.length === 1 ? "h0" : ""}`).join("")).join("")}"><title>animal ${esc(id)}</title></path>`);
  return `<svg class="arena" ${box(metadata)} role="img" aria-label="Trajectories">${zone(metadata)}${ways.join("")}</svg>`;
}

/** From dark to bright in even steps of lightness. */
const RAMP: readonly [number, number, number][] = [[27, 33, 62], [84, 39, 143], [183, 55, 121], [252, 137, 97], [252, 253, 191]];
function heat(share: number): string {
  const at = Math.min(0.9999, Math.max(0, share)) * (RAMP.length - 1);
  const [from, to] = [RAMP[Math.floor(at)]!, RAMP[Math.floor(at) + 1]!];
  return `#${from.map((v, i) => Math.round(v + (to[i]! - v) * (at % 1)).toString(16).padStart(2, "0")).join("")}`;
}

export function occupancyMap({ columns, rows, seconds }: Figures["occupancy"], metadata: ResultMetadata): string {
  const most = seconds.reduce((a, b) => Math.max(a, b), 0);
  const [w, h] = [metadata.origin_width / columns, metadata.origin_height / rows];
  const cells = Array.from(seconds, (value, i) => {
    if (value === 0) return "";
    // The root: else one place of rest makes all others look empty.
    return `<rect x="${tenth((i % columns) * w)}" y="${tenth(Math.floor(i / columns) * h)}" width="${tenth(w) + 0.3}" height="${tenth(h) + 0.3}" fill="${heat(Math.sqrt(value / most))}"/>`;
  });
  const ramp = `<div class="ramp"><span>0</span><i style="background:linear-gradient(90deg,${[0, 0.25, 0.5, 0.75, 1].map(heat).join(",")})"></i><span>${most < 10 ? most.toFixed(1) : Math.round(most)} animal-seconds</span></div>`;
  return `<svg class="arena" ${box(metadata)} role="img" aria-label="Occupancy">${cells.join("")}</svg>${ramp}`;
}

/** A row per animal: dark where it was found, empty where it was not. */
export function presence(drawn: DrawnAnimal[], seconds: number): string {
  const rows = drawn.map(({ id, present }) => `<div class="strip"><span>${dot(hexOf(id))}${esc(id)}</span><svg viewBox="0 0 ${present.length} 10" preserveAspectRatio="none" role="img" aria-label="When animal ${esc(id)} was found">${runs(present)}</svg></div>`);
  return `<div class="strips">${rows.join("")}${timeAxis(seconds)}</div>`;
}

/** Neighbours that look alike are one rectangle. */
function runs(shares: number[]): string {
  const levels = shares.map((share) => (share === 0 ? 0 : Math.max(0.1, Math.floor(share * 10) / 10)));
  let text = "";
  for (let from = 0; from < levels.length; ) {
    let to = from;
    while (to < levels.length && levels[to] === levels[from]) to += 1;
    if (levels[from]! > 0) text += `<rect x="${from}" width="${to - from}" height="10" opacity="${levels[from]}"/>`;
    from = to;
  }
  return text;
}
