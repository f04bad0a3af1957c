import type { LabeledObject } from "../../../../domain/labels.ts";
import { between, putBetween } from "./interpolate.ts";
import type { LabelStore } from "./store.ts";

/** Interpolates an animal from the nearest earlier frame (else the nearest later one) where a person has it up to the shown frame, in all frames between. */
export async function fillBetween(options: { store: LabelStore; animal: LabeledObject | null }): Promise<void> {
  const { store, animal } = options;
  const rows = store.state().task?.frames ?? [];
  const here = store.position();
  if (animal?.track === undefined) return store.set({ notice: { what: "identity-first" } });
  const { track } = animal;
  const anchors = async (way: 1 | -1): Promise<{ at: number; other: LabeledObject } | null> => {
    for (let at = here + way; at >= 0 && at < rows.length; at += way) {
      const labels = await store.load(rows[at]?.frame ?? 0);
      const other = labels.objects.find((object) => object.track === track && object.confirmed);
      if (other !== undefined) return { at, other };
    }
    return null;
  };
  const found = [await anchors(-1), await anchors(1)].filter((anchor) => anchor !== null);
  // Neighbours have nothing between them.
  const anchor = found.find(({ at }) => Math.abs(at - here) > 1);
  if (anchor === undefined) return store.set({ notice: { what: "no-other-frame" } });
  const [first, last] = [Math.min(anchor.at, here), Math.max(anchor.at, here)];
  const [a, b] = anchor.at < here ? [anchor.other, animal] : [animal, anchor.other];
  const [begin, end] = [rows[first]?.time ?? 0, rows[last]?.time ?? 1];
  let filled = 0;
  store.editFrames(rows.slice(first + 1, last).map((row) => row.frame), (content, labels) => {
    const objects = putBetween(content.objects, between(a, b, (labels.time - begin) / (end - begin || 1)));
    if (objects === null || content.reviewed) return content;
    filled += 1;
    return { ...content, objects };
  });
  store.set({ notice: { what: "filled", frames: filled } });
}
