import type { AttributeVal, LabeledData, LabeledShape, LabeledTrack, TrackedShape } from "./wire.ts";

/** One shape on one frame, whether it was drawn there or is a track that passes. */
export interface FlatShape {
  /** CVAT's number, `t` before it where it is a track's; the same on each frame of a track. */
  key: string;
  /** Index into the CVAT task's frames. */
  frame: number;
  type: string;
  labelId: number;
  /** 0: none */
  group: number;
  source: string;
  /** Degrees */
  rotation: number;
  points: number[];
  attributes: AttributeVal[];
  elements: { labelId: number; points: number[]; occluded: boolean; outside: boolean }[];
  isTrack: boolean;
}

/** Every shape of a job on every frame where it can be seen. */
export function flatten({ shapes, tracks }: LabeledData, job: { start_frame: number; stop_frame: number }): FlatShape[] {
  return [...shapes.map(ofShape), ...tracks.flatMap((track) => ofTrack(track, job))].filter(({ elements, type }) => type !== "skeleton" || elements.some(({ outside }) => !outside));
}

function ofShape(shape: LabeledShape): FlatShape {
  const { frame, type, label_id: labelId, group, source, rotation, points, attributes } = shape;
  const elements = shape.elements.map((element) => ({ labelId: element.label_id, points: element.points, occluded: element.occluded, outside: element.outside }));
  return { key: String(shape.id), frame, type, labelId, group: group ?? 0, source, rotation, points, attributes, elements, isTrack: false };
}

/** A track lasts from its first key frame to the end of its job, but for the stretches after a key frame that is `outside`. */
function ofTrack(track: LabeledTrack, { start_frame: start, stop_frame: stop }: { start_frame: number; stop_frame: number }): FlatShape[] {
  const found: FlatShape[] = [];
  for (let frame = start; frame <= stop; frame++) {
    const now = positionAt(track.shapes, frame);
    if (now === null || now.outside) continue;
    const elements = (track.elements ?? []).map((element) => {
      const { points, occluded, outside } = positionAt(element.shapes, frame) ?? { points: [], occluded: false, outside: true };
      return { labelId: element.label_id, points, occluded, outside };
    });
    const { type, rotation, points } = now;
    found.push({ key: `t${track.id}`, frame, type, labelId: track.label_id, group: track.group ?? 0, source: track.source, rotation, points, attributes: [...track.attributes, ...now.attributes], elements, isTrack: true });
  }
  return found;
}

/** Between key frames everything moves in a straight line, as CVAT shows it; `occluded` and `outside` are those of the key frame before. */
function positionAt(keyFrames: TrackedShape[], frame: number): TrackedShape | null {
  const sorted = keyFrames.toSorted((a, b) => a.frame - b.frame);
  const before = sorted.findLast((shape) => shape.frame <= frame);
  if (before === undefined) return null;
  const after = sorted.find((shape) => shape.frame > frame);
  if (after === undefined || after.points.length !== before.points.length) return before;
  const part = (frame - before.frame) / (after.frame - before.frame);
  const between = (from: number, to: number): number => from + (to - from) * part;
  return { ...before, points: before.points.map((value, i) => between(value, after.points[i]!)), rotation: before.rotation === after.rotation ? before.rotation : between(before.rotation, after.rotation) };
}
