import { describe, expect, it } from "vitest";
import type { LabeledObject } from "../../../domain/labels.ts";
import created from "./fixtures/annotation-created-approved.json" with { type: "json" };
import { fromResults, type Context } from "./from-results.ts";
import { rejected, toResults, verdictIn } from "./to-results.ts";
import type { ResultItem } from "./wire.ts";

const context: Context = { frame: 25, width: 1920, height: 1080, classes: ["mouse", "nose"], keypoints: ["nose", "tail", "ear"], suggested: [], confirmed: true };
const object = (id: string, box: number[], keypoints: number[][] = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]): LabeledObject => ({ id, class: "mouse", box, keypoints, source: "motion", confirmed: false });
const back = (objects: LabeledObject[], more: Partial<Context> = {}) => fromResults(toResults(objects, context.keypoints, context), { ...context, ...more });
/** As a person draws: no parent. */
const loose = (items: ResultItem[]): ResultItem[] => items.map(({ parentID: _none, ...item }) => item);

describe("from our objects to Label Studio's and back", () => {
  it("loses nothing: a thousand objects at any place, with hidden, absent and outlying keypoints, and tracks", () => {
    let seed = 7;
    const random = (limit: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return Math.round((seed / 2_147_483_647) * limit * 1e4) / 1e4;
    };
    const objects = Array.from({ length: 1000 }, (_, i): LabeledObject => {
      const [x, y] = [random(1900), random(1060)];
      const keypoints = context.keypoints.map(() => {
        const v = Math.floor(random(2.999));
        return v === 0 ? [0, 0, 0] : [random(1920), random(1080), v];
      });
      return { ...object(`o_${i}`, [x, y, x + 0.5 + random(1919.4 - x), y + 0.5 + random(1079.4 - y)], keypoints), class: context.classes[i % 2]!, ...(i % 3 === 0 ? { track: String(i % 5) } : {}) };
    });
    for (const [i, found] of back(objects).entries()) {
      const { box, keypoints, ...rest } = objects[i]!;
      expect(found).toMatchObject({ ...rest, source: "person", confirmed: true });
      for (const [j, value] of box.entries()) expect(found.box[j]).toBeCloseTo(value, 5);
      for (const [j, [x, y, v]] of keypoints.entries()) {
        expect(found.keypoints[j]![0]).toBeCloseTo(x!, 5);
        expect(found.keypoints[j]![1]).toBeCloseTo(y!, 5);
        expect(found.keypoints[j]![2]).toBe(v);
      }
    }
  });

  it("knows what a person left as it was suggested", () => {
    const suggested = [{ ...object("m1", [1 / 3, 2 / 3, 300.1, 200.2], [[10, 20, 2], [0, 0, 0], [30, 40, 1]]), score: 0.7, source: "model:global@3" }, object("m2", [500, 500, 600, 600])];
    expect(back(suggested, { suggested })).toEqual(suggested.map((one) => ({ ...one, confirmed: true })));
    const moved = [suggested[0]!, { ...suggested[1]!, box: [500, 500, 600, 600.2] }];
    expect(back(moved, { suggested }).map(({ source }) => source)).toEqual(["model:global@3", "person"]);
    const seen = [{ ...suggested[0]!, keypoints: [[10, 20, 1], [0, 0, 0], [30, 40, 1]] }];
    expect(back(seen, { suggested })[0]).toMatchObject({ source: "person", keypoints: [[10, 20, 1], [0, 0, 0], [30, 40, 1]] });
    expect(back(seen, { suggested })[0]).not.toHaveProperty("score");
  });

  it("reads what a person drew in Label Studio's own editor", () => {
    const result = created.body.annotation.result as ResultItem[];
    const objects = fromResults(result, { ...context, width: 1280, height: 720, classes: ["mouse", "cow & calf"], keypoints: ["nose", "tail"] });
    expect(objects).toMatchObject([
      { id: "m1", box: [100, 100, 400, 300], keypoints: [[150, 150, 2], [350, 250, 1]] },
      { id: "m2", box: [600, 100, 900, 300], keypoints: [[0, 0, 0], [0, 0, 0]] },
      { id: "_BcakAKPlA", track: "7", keypoints: [[expect.closeTo(960.37, 2), expect.closeTo(400.64, 2), 2], [0, 0, 0]] },
    ]);
    expect(verdictIn(result)).toEqual({ says: "approved", comment: "" });
  });

  it("gives a keypoint without a parent to the box in which it lies", () => {
    const objects = [object("a", [0, 0, 100, 100], [[10, 10, 2], [0, 0, 0], [0, 0, 0]]), object("b", [200, 0, 300, 100], [[210, 10, 1], [250, 50, 2], [0, 0, 0]])];
    expect(fromResults(loose(toResults(objects, context.keypoints, context)), context).map(({ keypoints }) => keypoints)).toEqual(objects.map(({ keypoints }) => keypoints));
  });

  it("takes a relation for a parent, whichever way it was drawn", () => {
    const objects = [object("a", [0, 0, 100, 100]), object("b", [50, 0, 150, 100], [[75, 10, 2], [80, 10, 2], [0, 0, 0]])];
    const items = loose(toResults(objects, context.keypoints, context));
    const relations = [{ type: "relation", from_id: "b.0", to_id: "b" }, { type: "relation", from_id: "b", to_id: "b.1" }];
    expect(fromResults([...items, ...relations], context).map(({ keypoints }) => keypoints)).toEqual(objects.map(({ keypoints }) => keypoints));
  });

  it("takes the box above, where a keypoint was nested in a keypoint", () => {
    const items = toResults([object("a", [0, 0, 100, 100], [[10, 10, 2], [500, 500, 2], [0, 0, 0]])], context.keypoints, context);
    const nested = items.map((item) => (item.id === "a.1" ? { ...item, parentID: "a.0" } : item));
    expect(fromResults(nested, context)[0]!.keypoints[1]).toEqual([500, 500, 2]);
    const ring = items.map((item) => (item.id === "a.0" ? { ...item, parentID: "a.1" } : item.id === "a.1" ? { ...item, parentID: "a.0" } : item));
    expect(() => fromResults(ring, context)).toThrow('the keypoint "tail" at 500, 500 lies in no box');
  });

  it("refuses what cannot be learned from, naming the frame", () => {
    const items = toResults([object("a", [0, 0, 100, 100], [[10, 10, 2], [0, 0, 0], [0, 0, 0]]), object("b", [50, 0, 150, 100])], context.keypoints, context);
    const change = (id: string, by: (item: ResultItem) => ResultItem) => () => fromResults(items.map((item) => (item.id === id ? by(item) : item)), context);
    const value = (more: object) => (item: ResultItem): ResultItem => ({ ...item, value: { ...item.value, ...more } });
    expect(change("a", value({ rotation: 12 }))).toThrow("Frame 25 in Label Studio: a mouse is rotated by 12 degrees.");
    expect(change("a", value({ rotation: 360 }))).not.toThrow();
    expect(change("a", (item) => ({ ...item, image_rotation: 90 }))).toThrow("Frame 25 in Label Studio: the picture is rotated");
    expect(change("a", value({ rectanglelabels: [] }))).toThrow("Frame 25 in Label Studio: a box has the class []");
    expect(change("a", value({ rectanglelabels: ["mouse", "nose"] }))).toThrow('["mouse","nose"]');
    expect(change("a", value({ rectanglelabels: ["cat"] }))).toThrow('["cat"]');
    expect(change("a.0", value({ keypointlabels: ["paw"] }))).toThrow('a keypoint has the name ["paw"]');
    expect(change("a", value({ x: undefined }))).toThrow("a box is not four numbers");
    expect(change("a", (item) => ({ ...item, type: "polygonlabels", from_name: "poly" }))).toThrow("neither a box nor a keypoint");
    expect(change("a.0", (item) => ({ ...item, parentID: "gone", value: { ...item.value, x: 90, y: 90 } }))).toThrow("Frame 25 in Label Studio: the keypoint \"nose\" at 1728, 972 lies in no box.");
    expect(() => fromResults([...items, { ...items[1]!, id: "second" }], context)).toThrow("is the second one of its box");
    const both = toResults([object("a", [0, 0, 100, 100]), object("b", [50, 0, 150, 100], [[75, 10, 2], [0, 0, 0], [0, 0, 0]])], context.keypoints, context);
    expect(() => fromResults(loose(both), context)).toThrow(expect.objectContaining({ name: "InputError", status: 422, field: "frames.25.keypoints", message: expect.stringContaining("lies in more than one box") as string }) as Error);
  });

  it("makes ids of its own where Label Studio's do not fit ours", () => {
    const items = toResults([object("a", [0, 0, 9, 9]), object("b", [10, 0, 19, 9])], context.keypoints, context).map((item) => ({ ...item, id: item.id === "a" ? "with a blank" : "x".repeat(65) }));
    expect(fromResults(items, context).map(({ id }) => id)).toEqual(["region-0", "region-1"]);
  });

  it("keeps a box within the picture that rounding pushed over the border", () => {
    const [item] = toResults([object("a", [0, 0, 1920, 1080])], context.keypoints, context);
    const pushed = { ...item!, value: { ...item!.value, x: -1e-4, width: 100.0002 } };
    expect(fromResults([pushed], context)[0]!.box).toEqual([0, 0, 1920, 1080]);
  });
});

describe("the review choice", () => {
  it("is replaced by a rejection, and the drawings stay", () => {
    const result = created.body.annotation.result as ResultItem[];
    const twice = rejected(rejected(result, "look"), "the tail is missing");
    expect(verdictIn(twice)).toEqual({ says: "rejected", comment: "the tail is missing" });
    expect(twice.filter(({ from_name }) => from_name === "review")).toHaveLength(1);
    expect(twice.filter(({ from_name }) => from_name === "bbox")).toEqual(result.filter(({ from_name }) => from_name === "bbox"));
  });

  it("is open where nobody chose, and says so where a rejection gives no reason", () => {
    expect(verdictIn([])).toEqual({ says: "open", comment: "" });
    expect(verdictIn([{ type: "choices", from_name: "review", value: { choices: ["Rejected"] } }])).toEqual({ says: "rejected", comment: "Rejected without a comment." });
  });
});
