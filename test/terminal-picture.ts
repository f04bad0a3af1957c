import type { Moment } from "./terminal.ts";

/** A recorded terminal as a picture that moves: SVG with CSS alone, as a page of documentation shows it. */

const [CHARACTER, LINE, EDGE] = [8.4, 18, 16];
/** Nothing happens for so long in the picture, however long it really took; and the end stays on the screen. */
const [LONGEST_MS, SHORTEST_MS, LAST_MS] = [700, 120, 6000];
const TEXT = 'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" fill="#d7dce2" xml:space="preserve"';

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Screens that differ, and how long each is shown. */
function scenes(moments: Moment[]): { lines: string[]; ms: number }[] {
  const shown: { lines: string[]; ms: number }[] = [];
  for (const [n, { at, lines }] of moments.entries()) {
    const ms = (moments[n + 1]?.at ?? at) - at;
    const last = shown.at(-1);
    if (last !== undefined && (last.ms < SHORTEST_MS || last.lines.join("\n") === lines.join("\n"))) Object.assign(last, { lines, ms: Math.min(last.ms + ms, LONGEST_MS) });
    else shown.push({ lines, ms: Math.min(ms, LONGEST_MS) });
  }
  return shown.map((scene, n) => (n === shown.length - 1 ? { ...scene, ms: LAST_MS } : scene));
}

/** @param columns characters in a line */
export function pictureOf(moments: Moment[], columns: number): string {
  const all = scenes(moments);
  const heights = all.map(({ lines }) => lines.findLastIndex((line) => line !== "") + 1);
  const [width, height] = [Math.ceil(columns * CHARACTER + 2 * EDGE), Math.max(...heights) * LINE + 2 * EDGE];
  const total = all.reduce((sum, { ms }) => sum + ms, 0);
  let elapsed = 0;
  const steps = all.map(({ ms }, n) => {
    const percent = ((elapsed / total) * 100).toFixed(3);
    elapsed += ms;
    return `${percent}%{transform:translateX(-${n * width}px)}`;
  });
  const drawn = all.map(({ lines }, n) => {
    const rows = lines.map((line, row) => (line === "" ? "" : `<text x="${n * width + EDGE}" y="${EDGE + (row + 0.75) * LINE}" ${TEXT}>${escaped(line)}</text>`));
    return rows.join("");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<style>@keyframes play{${steps.join("")}100%{transform:translateX(-${(all.length - 1) * width}px)}}.film{animation:play ${total}ms step-end infinite}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="#1b1f24"/><g class="film">${drawn.join("\n")}</g></svg>`,
  ].join("\n");
}
