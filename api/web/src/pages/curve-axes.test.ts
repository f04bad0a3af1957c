import { expect, test } from "vitest";
import { axesOf, plot } from "./curve-axes.ts";

const rows = Array.from({ length: 4 }, (_, epoch) => ({ epoch, lr: 0.001, time: epoch, box_loss: 3 - epoch / 2, val_box_loss: 4, pose_loss: 30, box_map50: epoch / 4, pose_map50_95: 0.1, box_precision: 1 }));

test("accuracies go from 0 to 1, epochs from the first to the last that is planned", () => {
  const axes = axesOf(rows, 20, "accuracy")!;
  expect(axes.series.map(({ name, colour, last }) => [name, colour, last])).toEqual([["box_map50", 0, 0.75], ["pose_map50_95", 1, 0.1]]);
  expect(axes.x.map(({ label }) => label)).toEqual(["1", "5", "10", "15", "20"]);
  expect(axes.y.map(({ label }) => label)).toEqual(["0", "0.25", "0.5", "0.75", "1"]);
  expect(axes.series[0]!.points.split(" ")[0]).toBe(`${plot.left.toFixed(1)},${plot.bottom.toFixed(1)}`);
});

test("losses of any size fit one logarithmic scale; a validation loss has its training loss's colour", () => {
  const axes = axesOf(rows, null, "loss")!;
  expect(axes.series.map(({ name, dashed, colour }) => [name, dashed, colour])).toEqual([["box_loss", false, 0], ["val_box_loss", true, 0], ["pose_loss", false, 1]]);
  expect(axes.y.map(({ label }) => label)).toEqual(["1", "10", "100"]);
  expect(axes.x.map(({ label }) => label)).toEqual(["1", "2", "3", "4"]);
  for (const point of axes.series.flatMap(({ points }) => points.split(" "))) {
    const [x = 0, y = 0] = point.split(",").map(Number);
    expect(x >= plot.left && x <= plot.right && y >= plot.top && y <= plot.bottom, point).toBe(true);
  }
});

test("nothing is drawn of nothing, and one epoch is a point", () => {
  expect(axesOf([], 20, "loss")).toBeNull();
  expect(axesOf([{ epoch: 0, lr: 1 }], 20, "accuracy")).toBeNull();
  expect(axesOf(rows.slice(0, 1), 1, "loss")!.series[0]!.points).not.toContain("NaN");
});
