import { describe, expect, it } from "vitest";
import { bestFirst, iouOf, suppress } from "./nms.ts";

const boxes = Float32Array.from([0, 0, 10, 10, 1, 0, 11, 10, 20, 20, 30, 30, 0, 0, 10, 10, 5, 0, 15, 10]);
const scores = Float32Array.from([0.8, 0.9, 0.5, 0.7, 0.6]);

describe("non-maximum suppression", () => {
  it("measures overlap", () => {
    expect(iouOf(boxes, 0, 0)).toBe(1);
    expect(iouOf(boxes, 0, 1)).toBeCloseTo(90 / 110, 9);
    expect(iouOf(boxes, 0, 2)).toBe(0);
    expect(iouOf(Float32Array.from([5, 5, 5, 5, 0, 0, 10, 10]), 0, 1)).toBe(0);
  });

  it("keeps the best of each heap, class by class", () => {
    const classIds = Int32Array.from([0, 0, 0, 1, 0]);
    expect(suppress({ boxes, scores, classIds, iou: 0.7, maxDetections: 300 })).toEqual([1, 3, 4, 2]);
    expect(suppress({ boxes, scores, classIds, iou: 0.2, maxDetections: 300 })).toEqual([1, 3, 2]);
    expect(suppress({ boxes, scores, classIds, iou: 0.7, maxDetections: 2 })).toEqual([1, 3]);
    expect(suppress({ boxes: new Float32Array(0), scores: new Float32Array(0), classIds: new Int32Array(0), iou: 0.7, maxDetections: 5 })).toEqual([]);
  });

  it("orders ties by index", () => {
    expect(bestFirst(Float32Array.from([0.5, 0.9, 0.5, 0.9]))).toEqual([1, 3, 0, 2]);
  });
});
