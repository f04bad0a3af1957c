import { expect, test } from "vitest";
import type { Content, Edit } from "./history.ts";
import { createHistory } from "./history.ts";

const content = (tag: string): Content => ({ reviewed: false, objects: [{ id: tag, class: "c", box: [0, 0, 2, 2], keypoints: [], source: "person", confirmed: true }] });
const edit = (frame: number, before: string, after: string): Edit => ({ frame, before: content(before), after: content(after) });

test("undo goes back through the frames, redo forward, and a new edit ends the redo", () => {
  const history = createHistory();
  history.push([edit(1, "a", "b")]);
  history.push([edit(2, "c", "d")]);
  expect(history.undo()).toMatchObject([{ frame: 2 }]);
  expect(history.undo()).toMatchObject([{ frame: 1 }]);
  expect(history.undo()).toEqual([]);
  expect(history.redo()).toMatchObject([{ frame: 1 }]);
  history.push([edit(1, "b", "e")]);
  expect(history.canRedo()).toBe(false);
  expect(history.undo()[0]?.before).toEqual(content("b"));
});

test("nudges in a row are one edit, until something else happens", () => {
  const history = createHistory();
  history.push([edit(1, "a", "b")], "nudge");
  history.push([edit(1, "b", "c")], "nudge");
  history.push([edit(2, "x", "y")], "nudge");
  history.push([edit(2, "y", "z")]);
  expect(history.undo()).toEqual([edit(2, "y", "z")]);
  expect(history.undo()).toEqual([edit(2, "x", "y")]);
  expect(history.undo()).toEqual([edit(1, "a", "c")]);
  expect(history.canUndo()).toBe(false);
});

test("a forgotten frame is never gone back to", () => {
  const history = createHistory();
  history.push([edit(1, "a", "b")]);
  history.push([edit(2, "c", "d")]);
  history.push([edit(1, "b", "e")]);
  history.undo();
  history.forget(1);
  expect(history.canRedo()).toBe(false);
  expect(history.undo()).toMatchObject([{ frame: 2 }]);
  expect(history.canUndo()).toBe(false);
});

test("what one command did to several frames is one step, without those that were forgotten", () => {
  const history = createHistory();
  history.push([edit(1, "a", "b"), edit(2, "c", "d"), edit(3, "e", "f")]);
  expect(history.undo().map(({ frame }) => frame)).toEqual([1, 2, 3]);
  history.redo();
  history.forget(2);
  expect(history.undo().map(({ frame }) => frame)).toEqual([1, 3]);
  expect(history.canUndo()).toBe(false);
});
