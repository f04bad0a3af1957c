import { describe, expect, test } from "vitest";
import type { Box } from "../../../../domain/boxes.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { align, type Grey } from "./align.ts";
import { carryOver } from "./carry.ts";
import { tenth } from "./objects.ts";

const SIZE = { width: 240, height: 160 };

interface Blob {
  x: number;
  y: number;
  angle: number;
}
/** A dark drop on noisy ground: thick in front, thin behind, a bright eye; 40 pixels long. */
function paint(blobs: Blob[]): Grey {
  const data = new Uint8Array(SIZE.width * SIZE.height);
  for (let y = 0; y < SIZE.height; y += 1) {
    for (let x = 0; x < SIZE.width; x += 1) {
      let shade = 190 + ((x * 7919 + y * 104_729) % 11);
      for (const blob of blobs) {
        const [dx, dy] = [x - blob.x, y - blob.y];
        const along = (dx * Math.cos(blob.angle) + dy * Math.sin(blob.angle)) / 20;
        const across = (-dx * Math.sin(blob.angle) + dy * Math.cos(blob.angle)) / (9 + 4 * along);
        if (along ** 2 + across ** 2 < 1) shade = Math.hypot(along - 0.6, across) < 0.25 ? 230 : 60;
      }
      data[y * SIZE.width + x] = shade;
    }
  }
  return { ...SIZE, data };
}
const boxOf = ({ x, y }: Blob): Box => [x - 20, y - 14, x + 20, y + 14];
const noseOf = ({ x, y, angle }: Blob): number[] => [tenth(x + 18 * Math.cos(angle)), tenth(y + 18 * Math.sin(angle)), 2];
const animal = (id: string, blob: Blob, change: Partial<LabeledObject> = {}): LabeledObject => ({ id, class: "fly", box: boxOf(blob), keypoints: [noseOf(blob)], track: id, source: "person", confirmed: true, ...change });
const prelabel = (id: string, blob: Blob): LabeledObject => ({ id, class: "fly", box: boxOf(blob).map((v) => v + 3), keypoints: [[blob.x, blob.y, 0]], source: "motion", confirmed: false, score: 0.5 });
const near = (a: number[] | undefined, b: number[], pixels: number): void => expect(Math.hypot((a?.[0] ?? 0) - b[0]!, (a?.[1] ?? 0) - b[1]!)).toBeLessThan(pixels);

describe("an animal found again", () => {
  test("where it moved to and how it turned", () => {
    const [before, after] = [{ x: 60, y: 60, angle: 0.3 }, { x: 150, y: 95, angle: 1.9 }];
    const found = align({ from: paint([before]), to: paint([after]), box: boxOf(before), near: [155, 91], reach: 0.25 });
    expect(found.score).toBeGreaterThan(0.9);
    near([found.dx, found.dy], [90, 35], 1.5);
    expect(Math.abs(found.angle - 1.6)).toBeLessThan(0.08);
  });
});

describe("taking over the frame before", () => {
  const [still, moved] = [{ x: 50, y: 50, angle: 1 }, { x: 150, y: 60, angle: 0 }];
  const movedTo = { x: 175, y: 100, angle: 1.2 };
  const pictures = { from: paint([still, moved]), to: paint([still, movedTo]), scale: 1 };
  const common = { from: [animal("1", still), animal("2", moved)], size: SIZE, numAnimals: 2, pictures };

  test("gives identity and pose to the pre-labels of this frame", async () => {
    const objects = (await carryOver({ ...common, into: [prelabel("p", movedTo), prelabel("q", still)] }))!;
    expect(objects.map(({ id, track, confirmed }) => [id, track, confirmed])).toEqual([["q", "1", false], ["p", "2", false]]);
    near(objects[0]!.keypoints[0], noseOf(still), 1.5);
    near(objects[1]!.keypoints[0], noseOf(movedTo), 2.5);
    // It stayed: its own box is better than the pre-label's. It turned: the other way round.
    near(objects[0]!.box, boxOf(still), 1.5);
    expect(objects[1]!.box).toEqual(prelabel("p", movedTo).box);
  });

  test("leaves the pose open where the animal cannot be found again", async () => {
    const gone = { ...pictures, to: paint([movedTo]) };
    const objects = (await carryOver({ ...common, pictures: gone, into: [prelabel("q", still), prelabel("p", movedTo)] }))!;
    expect(objects[0]).toMatchObject({ id: "q", track: "1", box: prelabel("q", still).box, keypoints: [[53, 53, 0]] });
  });

  test("never touches what a person drew here, keeps a pose that a model brought, and drops pre-labels beyond the number of animals", async () => {
    const mine = animal("mine", still, { track: "1" });
    const posed = { ...prelabel("m", movedTo), keypoints: [[1, 2, 2]] };
    const objects = (await carryOver({ ...common, into: [mine, posed, { ...prelabel("false", { x: 200, y: 20, angle: 0 }), score: 0.9 }] }))!;
    expect(objects).toEqual([mine, { ...posed, track: "2" }]);
    const unlimited = (await carryOver({ ...common, numAnimals: null, into: [mine, posed, prelabel("third", { x: 210, y: 20, angle: 0 })] }))!;
    expect(unlimited.map(({ id }) => id)).toEqual(["mine", "m", "third"]);
  });

  test("without pictures, what no pre-label contradicts is taken as it was", async () => {
    const objects = (await carryOver({ ...common, pictures: null, into: [] }))!;
    expect(objects.map(({ box, keypoints, confirmed }) => ({ box, keypoints, confirmed }))).toEqual(common.from.map(({ box, keypoints }) => ({ box, keypoints, confirmed: false })));
    expect(objects.every(({ id }) => id !== "1" && id !== "2")).toBe(true);
    expect(await carryOver({ ...common, into: [], pause: async () => false })).toBeNull();
  });
});
