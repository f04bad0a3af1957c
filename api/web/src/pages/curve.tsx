import type { CurveRow } from "../../../../domain/training-curve.ts";
import { figure, figureName } from "../format.ts";
import { t } from "../i18n/index.ts";
import { axesOf, HEIGHT, plot, WIDTH, type Axes } from "./curve-axes.ts";

/** What `GET /training/{id}` says of the epochs that are done, all of them, whenever the page was opened. */
export interface Curves {
  rows: CurveRow[];
  /** Epochs that are planned. */
  total: number | null;
}
export const NO_CURVES: Curves = { rows: [], total: null };

/** Figures that the curves show already. */
export const isDrawn = ({ rows }: Curves, name: string): boolean => rows.length > 1 && /_map50(_95)?$|_loss$/.test(name);

/** Accuracy and losses over the epochs; from the second epoch on, when there is a line to draw. */
export function Curve(props: { curves: Curves }) {
  const { rows, total } = props.curves;
  if (rows.length < 2) return null;
  const accuracy = axesOf(rows, total, "accuracy");
  const losses = axesOf(rows, total, "loss");
  return (
    <div class="curves">
      {accuracy === null ? null : <Chart axes={accuracy} title={t("pages.step.accuracy")} unit={t("pages.step.accuracyUnit")} />}
      {losses === null ? null : <Chart axes={losses} title={t("pages.step.losses")} unit={t("pages.step.lossUnit")} />}
    </div>
  );
}

function Chart(props: { axes: Axes; title: string; unit: string }) {
  const { series, x, y } = props.axes;
  const middle = (plot.top + plot.bottom) / 2;
  const spoken = series.filter(({ dashed }) => !dashed).map(({ name, last }) => `${figureName(name)} ${figure(last)}`).join(", ");
  return (
    <figure class="curve">
      <figcaption>{props.title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${props.title}: ${spoken}`}>
        {y.map(({ at, label }) => (
          <g key={label}>
            <line class="curve-grid" x1={plot.left} x2={plot.right} y1={at} y2={at} />
            <text x={plot.left - 6} y={at + 4} text-anchor="end">
              {label}
            </text>
          </g>
        ))}
        {x.map(({ at, label }) => (
          <text key={label} x={at} y={plot.bottom + 16} text-anchor="middle">
            {label}
          </text>
        ))}
        <text class="curve-axis" x={(plot.left + plot.right) / 2} y={HEIGHT - 4} text-anchor="middle">
          {t("pages.step.epochAxis")}
        </text>
        <text class="curve-axis" transform={`translate(11 ${middle}) rotate(-90)`} text-anchor="middle">
          {props.unit}
        </text>
        {series.map(({ name, points, colour, dashed }) => (
          <polyline key={name} class={`curve-line colour-${colour}${dashed ? " dashed" : ""}`} points={points} />
        ))}
      </svg>
      <ul class="curve-legend">
        {series.map(({ name, colour, dashed, last }) => (
          <li key={name}>
            <svg viewBox="0 0 22 8" aria-hidden="true">
              <polyline class={`curve-line colour-${colour}${dashed ? " dashed" : ""}`} points="0,4 22,4" />
            </svg>
            {figureName(name.replace(/^val_/, ""))}
            {dashed ? ` ${t("pages.step.onValidation")}` : ""} <strong>{figure(last)}</strong>
          </li>
        ))}
      </ul>
    </figure>
  );
}
