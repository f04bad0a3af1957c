import type { FrameLabels, FrameStatus, LabeledObject } from "../../domain/labels.ts";
import { iou, type Box } from "../../domain/boxes.ts";
import type { Truth } from "../../domain/result.ts";
import type { ApiClient } from "../../cli/client.ts";

/** Below this a pre-label and an animal are not the same thing. */
const SAME = 0.3;

type Animal = Truth["labels"][number]["animals"][number];

const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);

/** An animal as a person would draw it: the box cut at the picture's border, hidden keypoints absent. */
function drawn(animal: Animal, frame: FrameLabels, id: string, className: string): LabeledObject {
  const [x1, y1, x2, y2] = animal.box;
  const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x <= frame.width && y <= frame.height;
  return {
    id,
    class: className,
    box: [within(x1, frame.width), within(y1, frame.height), within(x2, frame.width), within(y2, frame.height)],
    keypoints: animal.keypoints.map(([x, y, visible]) => (visible > 0 && inside(x, y) ? [x, y, 2] : [0, 0, 0])),
    track: animal.track,
    source: "person",
    confirmed: true,
  };
}

/** Each pre-label is moved to the animal it lies on most; those that lie on none are deleted, missed animals are added. */
export function corrected(frame: FrameLabels, animals: Animal[], className: string): LabeledObject[] {
  const free = new Set(frame.objects);
  return animals.map((animal, n) => {
    const overlap = ({ box }: LabeledObject): number => iou(box as Box, animal.box);
    const best = [...free].toSorted((a, b) => overlap(b) - overlap(a))[0];
    if (best === undefined || overlap(best) < SAME) return drawn(animal, frame, `drawn-${frame.frame}-${n}`, className);
    free.delete(best);
    return drawn(animal, frame, best.id, className);
  });
}

export interface Review {
  frames: number[];
  prelabeled: number;
  kept: number;
}

/** The scripted reviewer: corrects every frame from the truth, through the routes that the page uses, then approves. Only the frames it reviews leave the truth. */
export async function review(options: { api: ApiClient; taskId: string; truth: Truth; onFrame: (done: number, total: number) => void }): Promise<Review> {
  const { api, taskId, truth } = options;
  const animalsOf = new Map(truth.labels.map((label) => [label.frame, label.animals]));
  const { frames } = await api.get<{ frames: { frame: number; status: FrameStatus }[] }>(`/labeling/${taskId}/frames`);
  let [prelabeled, kept] = [0, 0];
  for (const [n, { frame }] of frames.entries()) {
    const path = `/labeling/${taskId}/frames/${frame}`;
    const labels = await api.get<FrameLabels>(path);
    const objects = corrected(labels, animalsOf.get(frame) ?? [], truth.class);
    const before = new Set(labels.objects.map((object) => object.id));
    prelabeled += before.size;
    kept += objects.filter((object) => before.has(object.id)).length;
    await api.send("PUT", path, { version: labels.version, reviewed: true, objects });
    options.onFrame(n + 1, frames.length);
  }
  await api.send("POST", `/labeling/${taskId}/approve`, {});
  return { frames: frames.map(({ frame }) => frame), prelabeled, kept };
}
