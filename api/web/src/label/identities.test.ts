import { describe, expect, test } from "vitest";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { numberAll, onlyFreeTrack, setTrack } from "./identities.ts";

const animal = (id: string, track?: string): LabeledObject => ({ id, class: "mouse", box: [0, 0, 10, 10], keypoints: [], ...(track === undefined ? {} : { track }), source: "person", confirmed: true });
const tracks = (objects: LabeledObject[]): (string | undefined)[] => objects.map(({ track }) => track);

describe("identities", () => {
  test("are exchanged, never held by two", () => {
    const objects = [animal("a", "1"), animal("b", "2"), animal("c")];
    expect(tracks(setTrack(objects, "a", "2"))).toEqual(["2", "1", undefined]);
    expect(tracks(setTrack(objects, "c", "1"))).toEqual([undefined, "2", "1"]);
    expect(tracks(setTrack(objects, "a", "1"))).toEqual([undefined, "2", undefined]);
  });

  test("are numbered around those that are there", () => {
    expect(tracks(numberAll([animal("a"), animal("b", "1"), animal("c"), animal("d", "male")]))).toEqual(["2", "1", "3", "male"]);
  });

  test("of a new animal: the one that is missing", () => {
    expect(onlyFreeTrack([animal("a", "3"), animal("b", "1")], 3)).toBe("2");
    expect(onlyFreeTrack([animal("a", "3")], 3)).toBeNull();
    expect(onlyFreeTrack([animal("a"), animal("b", "1")], 3)).toBeNull();
    expect(onlyFreeTrack([animal("a", "1")], null)).toBeNull();
  });
});
