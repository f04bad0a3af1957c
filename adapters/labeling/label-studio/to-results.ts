import type { LabeledObject } from "../../../domain/labels.ts";
import { APPROVED, CONTROLS, OCCLUDED, REJECTED } from "./config.ts";
import { toPercent, type Size } from "./geometry.ts";
import type { ResultItem } from "./wire.ts";

/** Percent of the image's width at which a keypoint is drawn. */
const POINT_WIDTH = 0.6;

/** Our objects as Label Studio's regions; an absent keypoint is none. */
export function toResults(objects: LabeledObject[], names: string[], { width, height }: Size): ResultItem[] {
  const place = { to_name: CONTROLS.image, original_width: width, original_height: height, image_rotation: 0 };
  return objects.flatMap(({ id, class: name, box, keypoints, track, score }) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
    const where = { x: toPercent(x1, width), y: toPercent(y1, height), width: toPercent(x2 - x1, width), height: toPercent(y2 - y1, height), rotation: 0 };
    const items: ResultItem[] = [{ ...place, id, type: "rectanglelabels", from_name: CONTROLS.box, value: { ...where, rectanglelabels: [name] }, ...(score === undefined ? {} : { score }) }];
    if (track !== undefined) items.push({ ...place, id, type: "textarea", from_name: CONTROLS.track, value: { ...where, text: [track] } });
    for (const [index, [x = 0, y = 0, v = 0]] of keypoints.entries()) {
      if (v === 0) continue;
      // Our ids hold no dot, so that this is nobody else's.
      const point = { ...place, id: `${id}.${index}`, parentID: id };
      const at = { x: toPercent(x, width), y: toPercent(y, height), width: POINT_WIDTH };
      items.push({ ...point, type: "keypointlabels", from_name: CONTROLS.keypoint, value: { ...at, keypointlabels: [names[index] ?? ""] } });
      if (v === 1) items.push({ ...point, type: "choices", from_name: CONTROLS.visibility, value: { ...at, choices: [OCCLUDED] } });
    }
    return items;
  });
}

const isAbout = (control: string) => (item: ResultItem) => item.from_name === control;

/** The same result, sent back with a comment. */
export function rejected(result: ResultItem[], comment: string): ResultItem[] {
  return [
    ...result.filter((item) => !isAbout(CONTROLS.review)(item) && !isAbout(CONTROLS.comment)(item)),
    { id: "review", type: "choices", from_name: CONTROLS.review, to_name: CONTROLS.image, value: { choices: [REJECTED] } },
    { id: "comment", type: "textarea", from_name: CONTROLS.comment, to_name: CONTROLS.image, value: { text: [comment] } },
  ];
}

/** Comments travel with a signal, which is no place for a book. */
export const COMMENT_LENGTH = 2000;

/** What the choice in the editor says. */
export function verdictIn(result: ResultItem[]): { says: "approved" | "rejected" | "open"; comment: string } {
  const chosen = result.find(isAbout(CONTROLS.review))?.value?.choices ?? [];
  const text = result.filter(isAbout(CONTROLS.comment)).flatMap(({ value }) => value?.text ?? []).join(" ").trim().slice(0, COMMENT_LENGTH);
  if (chosen.includes(REJECTED)) return { says: "rejected", comment: text === "" ? "Rejected without a comment." : text };
  return { says: chosen.includes(APPROVED) ? "approved" : "open", comment: "" };
}
