/** Where the lines of a training's curves lie: scales, ticks, points. Pure: drawn by curve.tsx. */

import type { CurveRow } from "../../../../domain/training-curve.ts";

export const WIDTH = 420;
export const HEIGHT = 190;
/** Room for the axes' figures and names. */
const LEFT = 52;
const BOTTOM = 36;
const TOP = 8;
const RIGHT = 10;

export interface Series {
  name: string;
  /** Of the validation images: dashed, in the colour of the same loss in training. */
  dashed: boolean;
  colour: number;
  points: string;
  last: number;
}

export interface Axes {
  series: Series[];
  x: { at: number; label: string }[];
  y: { at: number; label: string }[];
}

export const plot = { left: LEFT, right: WIDTH - RIGHT, top: TOP, bottom: HEIGHT - BOTTOM };

const isAccuracy = (name: string): boolean => /_map50(_95)?$/.test(name);
const isLoss = (name: string): boolean => name.endsWith("_loss");
const short = (value: number): string => String(Number(value.toPrecision(2)));

/** Axes from which epochs 1 to `total` are read, as people count them. Accuracies lie between 0 and 1; losses are of very different size, so their scale is logarithmic. */
export function axesOf(rows: CurveRow[], total: number | null, kind: "accuracy" | "loss"): Axes | null {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(kind === "accuracy" ? isAccuracy : isLoss);
  if (rows.length === 0 || names.length === 0) return null;
  const last = Math.max(total ?? 0, ...rows.map(({ epoch }) => epoch + 1), 2);
  const x = (count: number): number => plot.left + ((count - 1) / (last - 1)) * (plot.right - plot.left);
  const values = rows.flatMap((row) => names.map((name) => row[name])).filter((value) => value !== undefined && value > 0) as number[];
  const [low, high] = kind === "accuracy" || values.length === 0 ? [0, 1] : [Math.floor(Math.log10(Math.min(...values))), Math.max(Math.ceil(Math.log10(Math.max(...values))), Math.floor(Math.log10(Math.min(...values))) + 1)];
  const scaled = (value: number): number => (kind === "accuracy" ? value : Math.log10(Math.max(value, 10 ** low)));
  const y = (value: number): number => plot.bottom - ((scaled(value) - low) / (high - low)) * (plot.bottom - plot.top);
  const trained = names.filter((name) => !name.startsWith("val_"));
  const series = names.flatMap((name): Series[] => {
    const points = rows.flatMap((row) => (row[name] === undefined ? [] : [[x(row.epoch + 1), y(row[name])] as const]));
    const final = rows.findLast((row) => row[name] !== undefined)?.[name];
    if (points.length === 0 || final === undefined) return [];
    return [{ name, dashed: name.startsWith("val_"), colour: Math.max(trained.indexOf(name.replace(/^val_/, "")), 0) % 6, points: points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" "), last: final }];
  });
  const yTicks = kind === "accuracy" ? [0, 0.25, 0.5, 0.75, 1] : Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return { series, x: ticks(last).map((count) => ({ at: x(count), label: String(count) })), y: yTicks.map((value) => ({ at: y(value), label: short(value) })) };
}

/** The first, the last, and round numbers between. */
function ticks(last: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].find((size) => last / size <= 6) ?? 5000;
  const round = Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step).filter((count) => count > step / 2 && last - count >= step / 2);
  return [...new Set([1, ...round, last])];
}
