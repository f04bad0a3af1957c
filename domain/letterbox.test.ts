import { describe, expect, it } from "vitest";
import { boxToSource, inputSizeFor, letterboxOf, pointToSource, toSource } from "./letterbox.ts";

describe("letterbox", () => {
  it("has the geometry of Ultralytics' LetterBox", () => {
    // Values of ultralytics.data.augment.LetterBox: round(dw - 0.1), round(dh - 0.1).
    expect(letterboxOf({ width: 1280, height: 720 }, { width: 640, height: 640 })).toMatchObject({ scaledWidth: 640, scaledHeight: 360, left: 0, top: 140 });
    expect(letterboxOf({ width: 1280, height: 720 }, { width: 640, height: 384 })).toMatchObject({ scaledWidth: 640, scaledHeight: 360, left: 0, top: 12 });
    expect(letterboxOf({ width: 333, height: 500 }, { width: 320, height: 320 })).toMatchObject({ scaledWidth: 213, scaledHeight: 320, left: 53, top: 0 });
    expect(letterboxOf({ width: 100, height: 50 }, { width: 320, height: 320 })).toMatchObject({ scaledWidth: 320, scaledHeight: 160, left: 0, top: 80 });
  });

  it("maps there and back", () => {
    const box = letterboxOf({ width: 1919, height: 1081 }, { width: 640, height: 384 });
    const x = box.left + (1000 * box.scaledWidth) / 1919;
    const y = box.top + (700 * box.scaledHeight) / 1081;
    expect(toSource(box, x, y)[0]).toBeCloseTo(1000, 6);
    expect(toSource(box, x, y)[1]).toBeCloseTo(700, 6);
  });

  it("clips to the source and drops what lies in the padding", () => {
    const box = letterboxOf({ width: 1280, height: 720 }, { width: 640, height: 640 });
    expect(boxToSource(box, [-10, 100, 320, 320])).toEqual([0, 0, 640, 360]);
    expect(boxToSource(box, [10, 10, 60, 130])).toBeNull();
    expect(pointToSource(box, 700, 0)).toEqual([1280, 0]);
  });

  it("takes the rectangle where the model's size is dynamic", () => {
    const size = { width: 640, height: 640 };
    expect(inputSizeFor({ width: 1280, height: 720 }, { size, dynamic: true })).toEqual({ width: 640, height: 384 });
    expect(inputSizeFor({ width: 720, height: 1280 }, { size, dynamic: true })).toEqual({ width: 384, height: 640 });
    expect(inputSizeFor({ width: 4000, height: 10 }, { size, dynamic: true })).toEqual({ width: 640, height: 32 });
    expect(inputSizeFor({ width: 1280, height: 720 }, { size, dynamic: false })).toEqual(size);
  });
});
