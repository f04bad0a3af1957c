import type { CvatStore, JobRow, LabelRow } from "./cvat-server-store.test-tools.ts";
import type { AttributeVal, LabeledData, LabeledShape, LabeledTrack } from "./wire.ts";

/** A body that the serializers took: everything with a default may be absent. */
type Given<T> = T extends (infer E)[] ? Given<E>[] : T extends object ? { [K in keyof T]?: Given<T[K]> } : T;
export type GivenData = Given<LabeledData>;

/** What CVAT answers with 400. */
export class Refusal extends Error {}

const COORDINATES: Record<string, (count: number) => boolean> = { rectangle: (n) => n === 4, points: (n) => n >= 2 && n % 2 === 0, skeleton: (n) => n === 0, ellipse: (n) => n === 4, polygon: (n) => n >= 6 && n % 2 === 0, polyline: (n) => n >= 4 && n % 2 === 0, cuboid: (n) => n === 16, mask: (n) => n > 4 };

/** Checks what is sent against the task's labels, gives it numbers and fills in what was left out, as the server does before it saves. */
export function stored(given: GivenData, { store, labels, job }: { store: CvatStore; labels: LabelRow[]; job: JobRow }): LabeledData {
  const all = [...labels, ...labels.flatMap(({ sublabels }) => sublabels)];

  function attributes(values: Given<AttributeVal>[] | undefined, labelId: number): AttributeVal[] {
    const specs = all.find(({ id }) => id === labelId)?.attributes ?? [];
    for (const { spec_id } of values ?? []) if (!specs.some(({ id }) => id === spec_id)) throw new Refusal(`spec_id \`${spec_id}\` is invalid`);
    return specs.map(({ id, default_value }) => ({ spec_id: id, value: values?.find(({ spec_id }) => spec_id === id)?.value ?? default_value }));
  }

  function labelOf(labelId: number | undefined, parent: LabelRow | null): LabelRow {
    const found = (parent === null ? labels : parent.sublabels).find(({ id }) => id === labelId);
    if (found === undefined) throw new Refusal(`label_id \`${labelId}\` is invalid`);
    return found;
  }

  function inJob(frame: number | undefined): number {
    if (frame === undefined || frame < job.start_frame || frame > job.stop_frame) throw new Refusal(`frame ${frame} is not in job ${job.id}`);
    return frame;
  }

  function position(shape: Given<LabeledShape>, label: LabelRow) {
    const { type = "", occluded = false, outside = false, rotation = 0, points = [] } = shape;
    if (!(COORDINATES[type]?.(points.length) ?? false)) throw new Refusal(`a ${type} cannot have ${points.length} coordinates`);
    if (label.type !== "any" && label.type !== type) throw new Refusal(`label "${label.name}" is of type ${label.type}, not ${type}`);
    return { type, occluded, outside, z_order: 0, rotation, points };
  }

  function shapeOf(shape: Given<LabeledShape>, parent: LabelRow | null): LabeledShape {
    const label = labelOf(shape.label_id, parent);
    const elements = (shape.elements ?? []).map((element) => shapeOf(element as Given<LabeledShape>, label));
    const { elements: _none, ...rest } = { id: store.nextId(), label_id: label.id, frame: inJob(shape.frame), group: shape.group ?? null, source: shape.source ?? "manual", score: 1, ...position(shape, label), attributes: attributes(shape.attributes, label.id), elements };
    return (parent === null ? { ...rest, elements } : rest) as LabeledShape;
  }

  function trackOf(track: Given<LabeledTrack>, parent: LabelRow | null): LabeledTrack {
    const label = labelOf(track.label_id, parent);
    const shapes = (track.shapes ?? []).map((shape) => ({ id: store.nextId(), frame: shape.frame!, ...position(shape as Given<LabeledShape>, label), attributes: [] }));
    const elements = (track.elements ?? []).map((element) => trackOf(element, label));
    return { id: store.nextId(), label_id: label.id, frame: inJob(track.frame), group: track.group ?? null, source: track.source ?? "manual", attributes: attributes(track.attributes, label.id), shapes, ...(parent === null ? { elements } : {}) };
  }

  return {
    version: 0,
    tags: (given.tags ?? []).map((tag) => ({ id: store.nextId(), frame: inJob(tag.frame), label_id: labelOf(tag.label_id, null).id, group: null, source: "manual", attributes: [] })),
    shapes: (given.shapes ?? []).map((shape) => shapeOf(shape, null)).toSorted((a, b) => a.frame - b.frame),
    tracks: (given.tracks ?? []).map((track) => trackOf(track, null)),
  };
}

export const isEmpty = ({ tags, shapes, tracks }: LabeledData): boolean => tags.length + shapes.length + tracks.length === 0;

/** The part of a task's annotations that lies in a job. */
export function partOf(given: GivenData, { start_frame: start, stop_frame: stop }: JobRow): GivenData {
  const inside = ({ frame = -1 }: { frame?: number }): boolean => frame >= start && frame <= stop;
  return { version: 0, tags: (given.tags ?? []).filter(inside), shapes: (given.shapes ?? []).filter(inside), tracks: (given.tracks ?? []).filter(inside) };
}
