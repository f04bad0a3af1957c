import { expect, it } from "vitest";
import { curveOf, metricsOf } from "./training-curve.ts";

const CSV = `epoch,time,train/box_loss,metrics/mAP50(B),metrics/mAP50-95(P),val/box_loss,lr/pg0,lr/pg1
1,1.5,3.6,0,nan,2.5,0.001,0.001
2,3.1,2.5,0.5,0.25,2.1,0.002,0.002
3,4`;

it("reads the whole rows of results.csv under the names that progress has", () => {
  expect(curveOf(CSV)).toEqual([
    { epoch: 0, time: 1.5, box_loss: 3.6, box_map50: 0, val_box_loss: 2.5, lr: 0.001 },
    { epoch: 1, time: 3.1, box_loss: 2.5, box_map50: 0.5, pose_map50_95: 0.25, val_box_loss: 2.1, lr: 0.002 },
  ]);
  expect(metricsOf(curveOf(CSV).at(-1))).toEqual({ box_map50: 0.5, pose_map50_95: 0.25 });
});

it("makes nothing of nothing", () => {
  expect(curveOf("")).toEqual([]);
  expect(curveOf("epoch,time\n")).toEqual([]);
  expect(metricsOf(undefined)).toEqual({});
});
