import { expect, test } from "vitest";
import { csvHeader, csvLines } from "./csv.ts";
import type { ResultRow } from "./result.ts";

const metadata = { origin_width: 200, origin_height: 100, classes: ["fly", 'a "b", c'], body_parts: ["head", "tail"] };
const row: ResultRow = {
  frame: 7,
  timestamp: 0.2333333,
  ids: ["0", "3"],
  boxes: [[0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]],
  boxes_score: [0.93, 0.5],
  keypoints: [[[0.15, 0.25], [0.2, 0.3]], [[0.5, 0.5], [1, 1]]],
  keypoints_score: [[0.9, 0.123456], [1, 0]],
  smoothed_keypoints: [[[0, 0], [0, 0]], [[0, 0], [0, 0]]],
  class_ids: [0, 1],
};

test("a row per animal, in pixels", () => {
  expect(csvHeader(metadata)).toBe("frame,time,id,class,score,x1,y1,x2,y2,head_x,head_y,head_score,tail_x,tail_y,tail_score");
  expect(csvLines(row, metadata)).toEqual([
    "7,0.233333,0,fly,0.93,20,20,60,40,30,25,0.9,40,30,0.1235",
    '7,0.233333,3,"a ""b"", c",0.5,0,0,200,100,100,50,1,200,100,0',
  ]);
});

test("a frame without animals has no line, and a task without keypoints no keypoint columns", () => {
  expect(csvLines({ ...row, ids: [], boxes: [] }, metadata)).toEqual([]);
  const plain = { ...metadata, body_parts: [] };
  expect(csvHeader(plain).split(",")).toHaveLength(9);
  expect(csvLines({ ...row, keypoints: [[], []], keypoints_score: [[], []] }, plain)[0]?.split(",")).toHaveLength(9);
});
