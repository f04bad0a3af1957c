import type { LabeledObject } from "../../../../domain/labels.ts";

/** Which animal is which, from frame to frame: a `track` is "1", "2", ... or the name that a pre-labeler gave. One animal of a frame has it. */

/** Gives the animal this identity; one that had it before gets the other's in exchange. The same identity again takes it away. */
export function setTrack(objects: readonly LabeledObject[], id: string, track: string): LabeledObject[] {
  const before = objects.find((object) => object.id === id)?.track;
  const next = before === track ? undefined : track;
  return objects.map((object) => {
    if (object.id === id) return withTrack(object, next);
    return next !== undefined && object.track === next ? withTrack(object, before) : object;
  });
}

/** Numbers those that have no identity yet, in the order in which they are listed. */
export function numberAll(objects: readonly LabeledObject[]): LabeledObject[] {
  const taken = new Set(objects.map((object) => object.track));
  let next = 1;
  return objects.map((object) => {
    if (object.track !== undefined) return object;
    while (taken.has(String(next))) next += 1;
    taken.add(String(next));
    return withTrack(object, String(next));
  });
}

/** The one identity that is left for a new animal, where all others are known; else null. */
export function onlyFreeTrack(objects: readonly LabeledObject[], numAnimals: number | null): string | null {
  if (numAnimals === null || objects.length !== numAnimals - 1 || objects.length === 0) return null;
  const taken = new Set(objects.map((object) => object.track));
  const free = Array.from({ length: numAnimals }, (_, i) => String(i + 1)).filter((track) => !taken.has(track));
  return free.length === 1 ? (free[0] ?? null) : null;
}

/** What may be chosen: the names in use, and numbers for as many animals as there are, or one more than are drawn. */
export function tracksOf(objects: readonly LabeledObject[], numAnimals: number | null): string[] {
  const count = numAnimals ?? objects.length + 1;
  const numbers = Array.from({ length: count }, (_, i) => String(i + 1));
  return [...numbers, ...objects.flatMap(({ track }) => (track === undefined || numbers.includes(track) ? [] : [track]))];
}

export function withTrack(object: LabeledObject, track: string | undefined): LabeledObject {
  const { track: _old, ...rest } = object;
  return track === undefined ? rest : { ...rest, track };
}
