import { setImmediate } from "node:timers/promises";
import { ASS_CLOCK, assEvents, assHead, borderBefore } from "../../domain/ass.ts";
import type { PacketIndex, Segment } from "../../domain/detections.ts";
import type { ResultMetadata, ResultRow } from "../../domain/result.ts";
import { createTrails } from "../../domain/trails.ts";

/** Lines that go to the disk at once. */
const CHUNK = 50;

export interface PieceScripts {
  /** The script of the next piece, in parts. Pieces are asked for in their order. */
  of(piece: Segment): AsyncGenerator<string>;
  close(): Promise<void>;
}

/** The drawing of a video as one script per piece, from rows that are read once. `stride`: a row is shown until the next processed frame. */
export function createPieceScripts(options: { rows: AsyncGenerator<ResultRow>; metadata: ResultMetadata; index: PacketIndex; stride: number; fps: number; trails: boolean }): PieceScripts {
  const { rows, metadata, index, stride } = options;
  const times = frameTimes(index);
  const trailsAt = options.trails ? createTrails({ frameS: stride / options.fps }) : null;
  type Drawn = { row: ResultRow; trails: ReturnType<NonNullable<typeof trailsAt>> };
  let held: Drawn | null = null;
  const next = async (): Promise<Drawn | null> => {
    const { done, value } = await rows.next();
    return done === true ? null : { row: value, trails: trailsAt?.(value) ?? new Map() };
  };

  return {
    async *of(piece) {
      const begin = times[piece.start] ?? 0;
      const clock = (frame: number): number => (borderBefore(times, frame) - begin) * ASS_CLOCK;
      let text = assHead(metadata);
      let rowsIn = 0;
      for (held ??= await next(); held !== null && held.row.frame < piece.end; held = await next()) {
        const { row, trails } = held;
        text += assEvents({ row, metadata, trails, from: clock(row.frame), to: clock(row.frame + stride) });
        if (++rowsIn % CHUNK === 0) {
          yield text;
          text = "";
          // Heartbeats of other steps get their turn.
          await setImmediate();
        }
        // Shown in the next piece too.
        if (row.frame + stride > piece.end) break;
      }
      yield text;
    },
    close: async () => void (await rows.return(undefined)),
  };
}

/** Seconds after the first frame, of every frame; not rounded. */
function frameTimes({ pts, time_base: [numerator, denominator] }: PacketIndex): Float64Array {
  const first = pts[0] ?? 0;
  return Float64Array.from(pts, (ticks) => ((ticks - first) * numerator) / denominator);
}
