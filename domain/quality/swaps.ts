import { diagonal, iou, type Box } from "../boxes.ts";
import type { ResultRow } from "../result.ts";
import { createMoments, highest } from "./moments.ts";
import type { Moment, Moments } from "./quality.ts";

/** Body lengths by which the exchange must explain two ways at least nearly as well, and which the two must have moved against what was foreseen. */
const MARGIN = 0.1;
const MOVED = 0.5;
/** Two boxes that share so much may have changed places unseen. */
const OVERLAP = 0.6;
/** Seconds: a sighting from before says nothing of where an animal is now. */
const REMEMBERED_S = 2;
/** Seconds that an animal is thought to go on as it went. */
const GOES_ON_S = 0.2;
/** Seconds within which the same two are one moment. */
const SAME_S = 1;

interface Seen {
  x: number;
  y: number;
  time: number;
  /** Pixels a second. */
  vx: number;
  vy: number;
  classId: number;
}
interface Now {
  id: string;
  box: Box;
  x: number;
  y: number;
  size: number;
  classId: number;
  before: Seen | undefined;
  /** Where it was to be expected. */
  px: number;
  py: number;
  /** How far from there it is. */
  off: number;
}

/**
 * Where two animals may have exchanged their ids, from the rows alone: their ways since they were last seen fit better, or nearly as well,
 * when the ids are exchanged (jump), or they lay on one another (overlap). Nothing is said of animals of different classes.
 */
export function createSwaps({ width, height }: { width: number; height: number }) {
  const moments = createMoments(highest);
  const seen = new Map<string, Seen>();
  const open = new Map<string, Moment>();

  function suspect(a: Now, b: Now, at: { frame: number; time: number }, value: number, why: "jump" | "overlap"): void {
    const ids = [a.id, b.id].sort((one, other) => Number(one) - Number(other));
    const key = ids.join(" ");
    const before = open.get(key);
    if (before === undefined) open.set(key, { frame: at.frame, end_frame: at.frame, time: at.time, end_time: at.time, ids, value, why });
    else {
      Object.assign(before, { end_frame: at.frame, end_time: at.time });
      // A jump is more than an overlap, and tells the frame to look at.
      if (why === "jump" && (before.why === "overlap" || value > before.value)) Object.assign(before, { value, why, frame: at.frame, time: at.time });
      else if (why === before.why) before.value = Math.max(before.value, value);
    }
  }

  function push({ frame, timestamp: time, ids, boxes, class_ids: classIds }: ResultRow): void {
    for (const [key, moment] of open) {
      if (time - moment.end_time <= SAME_S) continue;
      open.delete(key);
      moments.add(moment);
    }
    const now = ids.map((id, i): Now => {
      const [x1, y1, x2, y2] = boxes[i]!;
      const box: Box = [x1 * width, y1 * height, x2 * width, y2 * height];
      const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
      const last = seen.get(id);
      const before = last !== undefined && time - last.time <= REMEMBERED_S ? last : undefined;
      const ahead = before === undefined ? 0 : Math.min(time - before.time, GOES_ON_S);
      const [px, py] = before === undefined ? [x, y] : [before.x + before.vx * ahead, before.y + before.vy * ahead];
      return { id, box, x, y, size: diagonal(box), classId: classIds[i] ?? 0, before, px, py, off: Math.hypot(x - px, y - py) };
    });
    now.forEach((a, i) => {
      now.forEach((b, k) => {
        if (k <= i || a.classId !== b.classId) return;
        const size = (a.size + b.size) / 2;
        // Most pairs are far apart: that is seen at once.
        if (Math.abs(a.x - b.x) > 4 * size + a.off + b.off) return;
        const shared = iou(a.box, b.box);
        if (shared >= OVERLAP) suspect(a, b, { frame, time }, shared, "overlap");
        if (a.before === undefined || b.before === undefined || a.off + b.off < MOVED * size) return;
        const exchanged = Math.hypot(a.x - b.px, a.y - b.py) + Math.hypot(b.x - a.px, b.y - a.py);
        const better = (a.off + b.off - exchanged) / size;
        if (better > -MARGIN) suspect(a, b, { frame, time }, better, "jump");
      });
    });
    for (const { id, x, y, classId, before } of now) {
      const dt = before === undefined ? 0 : time - before.time;
      const follows = before !== undefined && dt > 0 && dt <= GOES_ON_S;
      const speed = (place: number, last: number, v: number): number => (follows ? 0.5 * v + 0.5 * ((place - last) / dt) : 0);
      seen.set(id, { x, y, time, classId, vx: speed(x, before?.x ?? x, before?.vx ?? 0), vy: speed(y, before?.y ?? y, before?.vy ?? 0) });
    }
  }

  return {
    push,
    finish(): Moments {
      for (const moment of open.values()) moments.add(moment);
      return moments.finish();
    },
  };
}
