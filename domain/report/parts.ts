import { colourOf } from "../ass.ts";

/** Pieces of report.html: texts and drawings. No script: the file opens anywhere, and nothing in a name can do anything. */

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const esc = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

/** The colour that the annotated video gives to the same id: `#rrggbb`. */
export function hexOf(id: string): string {
  const [, b, g, r] = /^&H(..)(..)(..)&$/.exec(colourOf(id))!;
  return `#${r}${g}${b}`.toLowerCase();
}

/** 1:02:03 or 2:03; with tenths where asked. */
export function clock(seconds: number, tenths = false): string {
  const whole = tenths ? Math.floor(seconds * 10) / 10 : Math.round(seconds);
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  const rest = tenths ? (whole % 60).toFixed(1).padStart(4, "0") : two(whole % 60);
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two((whole / 60) % 60)}:${rest}` : `${Math.floor(whole / 60)}:${rest}`;
}

/** A duration: 3.2 s, or 1:02.5 min. */
export const lasting = (seconds: number): string => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${clock(seconds, true)} min`);

/** What is not all is never said to be 100 %. */
export const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
export const grouped = (value: number, digits = 0): string => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** The next number above that reads well: 1, 2, 2.5 or 5 and noughts. */
export function niceAbove(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= value * (1 - 1e-9))!;
}

export interface Line {
  id: string;
  label: string;
  colour: string;
  values: readonly (number | null)[];
}

const short = (value: number): string => Number(value.toPrecision(4)).toString();

/** Several lines over the same bins; a null interrupts a line. The drawing is stretched to the page, the words beside it are not. */
export function lineChart({ title, unit, lines, seconds }: { title: string; unit: string; lines: Line[]; seconds: number }): string {
  const top = niceAbove(Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const bins = Math.max(2, ...lines.map(({ values }) => values.length));
  const drawn = lines.map(({ colour, label, values }) => `<path class="line" style="--c:${colour}" d="${pathOf(values, bins, top)}"><title>${esc(label)}</title></path>`).join("");
  const grid = [25, 50, 75].map((y) => `<path class="grid" d="M0 ${y}H1000"/>`).join("");
  return `<figure class="chart"><figcaption>${esc(title)} <span>${esc(unit)}</span></figcaption>
<div class="plot"><div class="y"><span>${short(top)}</span><span>${short(top / 2)}</span><span>0</span></div><svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="${esc(title)}">${grid}${drawn}</svg></div>${timeAxis(seconds)}</figure>`;
}

function pathOf(values: readonly (number | null)[], bins: number, top: number): string {
  let [text, pen] = ["", false];
  values.forEach((value, i) => {
    if (value !== null) {
      const at = `${Number(((1000 * i) / (bins - 1)).toFixed(1))} ${Number((100 - (100 * value) / top).toFixed(2))}`;
      // A bin alone is a point, which a round line end shows.
      text += pen ? `L${at}` : `M${at}h0`;
    }
    pen = value !== null;
  });
  return text;
}

export const timeAxis = (seconds: number): string => `<div class="x">${[0, 0.25, 0.5, 0.75, 1].map((part) => `<span>${clock(part * seconds)}</span>`).join("")}</div>`;

export const legend = (lines: Pick<Line, "label" | "colour">[]): string => `<ul class="legend">${lines.map(({ label, colour }) => `<li><i style="--c:${colour}"></i>${esc(label)}</li>`).join("")}</ul>`;
export const dot = (colour: string): string => `<i class="dot" style="--c:${colour}"></i>`;
