import type { Quality } from "../quality/quality.ts";
import type { ResultMetadata } from "../result.ts";
import type { Figures } from "./figures.ts";
import { clock, dot, esc, grouped, hexOf, legend, lineChart, percent, type Line } from "./parts.ts";
import { occupancyMap, presence, trajectories } from "./pictures.ts";
import { qualityPart } from "./quality-part.ts";
import { STYLE } from "./style.ts";

export interface ReportOptions {
  metadata: ResultMetadata;
  quality: Quality;
  figures: Figures;
  /** Name of the annotated video beside the report; null where there is none. */
  video: string | null;
}

/** report.html: the notebook's figures and the quality in one file that needs nothing else. */
export function reportHtml({ metadata, quality, figures, video }: ReportOptions): string {
  const { task_id: taskId } = metadata;
  const seconds = figures.bins * figures.binS;
  const { drawn } = figures;
  const lines = (values: (animal: Figures["drawn"][number]) => Line["values"]): Line[] => drawn.map((animal) => ({ id: animal.id, label: `animal ${animal.id}`, colour: hexOf(animal.id), values: values(animal) }));
  const names = legend(lines(() => []));
  const left = quality.ids - drawn.length;
  const rest = left > 0 ? `<p class="small">Drawn are the ${drawn.length} animals that were seen most; ${grouped(left)} more ids are in tracks.csv.</p>` : "";
  const empty = `<section><h2>No animals</h2><p class="muted">No animal was found in any frame.</p></section>`;
  const body = `${section("Trajectories and occupancy", `<div class="two"><div><h3>Where they went <span>box centres, the dashed line is the centre zone</span></h3>${trajectories(drawn, metadata)}${names}</div><div><h3>Where they stayed <span>all animals together</span></h3>${occupancyMap(figures.occupancy, metadata)}</div></div>${rest}`)}
${section("Each animal", animalTable(quality, figures))}
${section("Speed and distance travelled", `${lineChart({ title: "Speed", unit: `pixels a second, mean of ${binText(figures.binS)}`, lines: lines(({ speed }) => speed), seconds })}${lineChart({ title: "Distance travelled", unit: "pixels", lines: lines(({ travelled }) => travelled), seconds })}${names}<p class="small">Only between neighbouring processed frames: over a gap, nobody knows the way that was taken.</p>`)}
${figures.apart.length === 0 ? "" : section("Distance between animals", `${lineChart({ title: "Distance of the box centres", unit: `pixels, mean of ${binText(figures.binS)}`, lines: pairLines(figures), seconds })}${legend(pairLines(figures))}`)}
${section("Missing data", `<h3>When each animal was found <span>filled: found</span></h3>${presence(drawn, seconds)}`)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Report of task ${esc(taskId)}</title><style>${STYLE}</style></head>
<body><main>
<header><h1>Report <code>${esc(taskId)}</code></h1>${facts(metadata, quality)}</header>
${qualityPart({ quality, seconds, video })}
${drawn.length === 0 ? empty : body}
</main></body></html>
`;
}

const section = (title: string, content: string): string => `<section><h2>${esc(title)}</h2>${content}</section>`;
const binText = (seconds: number): string => (seconds < 1 ? `${Number(seconds.toPrecision(2))} s` : seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

function facts(metadata: ResultMetadata, quality: Quality): string {
  const { origin_width: width, origin_height: height, fps, num_frames: frames, classes, body_parts: parts, model } = metadata;
  const rows: [string, string][] = [
    ["Video", `${width} × ${height}, ${Number(fps.toFixed(3))} frames a second, ${clock(fps > 0 ? frames / fps : 0)}`],
    ["Frames processed", `${grouped(quality.frames)} of ${grouped(frames)}`],
    ["Animals", `${quality.ids} ${quality.ids === 1 ? "id" : "ids"}, ${classes.join(", ")}`],
    ["Body parts", parts.length === 0 ? "none, boxes only" : parts.join(", ")],
    ["Model", `${said(model["name"])} version ${said(model["version"])}`],
  ];
  return `<dl class="facts">${rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${esc(value)}</dd></div>`).join("")}</dl>`;
}

const said = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "unknown");

function animalTable(quality: Quality, { animals }: Figures): string {
  const rows = quality.animals.map(({ id, share, mean_score: score }, i) => {
    const { distance, meanSpeed, maxSpeed, centreS } = animals[i]!;
    const cells = [percent(share), score.toFixed(2), grouped(distance, 1), meanSpeed === null ? "–" : grouped(meanSpeed, 1), maxSpeed === null ? "–" : grouped(maxSpeed, 1), clock(centreS, true)];
    return `<tr><td>${dot(hexOf(id))}${esc(id)}</td>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<div class="table"><table><thead><tr><th>Animal</th><th>Found</th><th>Mean score</th><th>Distance (pixels)</th><th>Mean speed (pixels/s)</th><th>Highest speed (pixels/s)</th><th>In the centre (min)</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>
<p class="small">Found: share of the processed frames. In the centre: within the middle half of the picture each way.</p>`;
}

/** A pair has a colour of its own. */
const pairLines = ({ apart }: Figures): Line[] => apart.map(({ ids, pixels }, i) => ({ id: ids.join(" "), label: `${ids[0]} and ${ids[1]}`, colour: hexOf(String(i)), values: pixels }));
