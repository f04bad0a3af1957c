import type { Progress } from "../../../../domain/state.ts";
import { figure, figureName } from "../format.ts";
import { t } from "../i18n/index.ts";

/** Training figures by name: value by epoch. Gathered from the polls, so they begin when the page was opened. */
export type Curves = Record<string, Record<number, number>>;

export function addPoint(curves: Curves, progress: Progress | null): Curves {
  if (progress?.figures === undefined) return curves;
  let next = curves;
  for (const [name, value] of Object.entries(progress.figures)) {
    if (!Number.isFinite(value) || next[name]?.[progress.done] === value) continue;
    next = { ...next, [name]: { ...next[name], [progress.done]: value } };
  }
  return next;
}

/** Losses and accuracies, as soon as there is something like a curve. */
export const isDrawn = (curves: Curves, name: string): boolean => /map|loss|pck/i.test(name) && Object.keys(curves[name] ?? {}).length > 3;

const WIDTH = 220;
const HEIGHT = 56;

/** One small curve each for the accuracies (0..1) and the losses (their own scale). */
export function Curve(props: { curves: Curves }) {
  const drawn = Object.entries(props.curves).filter(([name]) => isDrawn(props.curves, name));
  if (drawn.length === 0) return null;
  return (
    <div class="curves">
      {drawn.map(([name, byEpoch]) => {
        const points = Object.entries(byEpoch).map(([epoch, value]) => [Number(epoch), value] as const).sort((a, b) => a[0] - b[0]);
        const values = points.map((point) => point[1]);
        const top = /loss/i.test(name) ? Math.max(...values) : 1;
        const bottom = /loss/i.test(name) ? Math.min(...values) : 0;
        const first = points[0]?.[0] ?? 0;
        const span = Math.max(1, (points.at(-1)?.[0] ?? 0) - first);
        const path = points.map(([epoch, value]) => `${(((epoch - first) / span) * WIDTH).toFixed(1)},${(HEIGHT - 3 - ((value - bottom) / Math.max(1e-9, top - bottom)) * (HEIGHT - 6)).toFixed(1)}`).join(" ");
        return (
          <figure key={name} class={/loss/i.test(name) ? "curve curve-loss" : "curve"}>
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("pages.step.curve", { name: figureName(name), first: figure(values[0]), last: figure(values.at(-1)) })}>
              <polyline points={path} />
            </svg>
            <figcaption>
              {figureName(name)} <strong>{figure(values.at(-1))}</strong>
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}
