import { Writable } from "node:stream";

/** How many whole frames wait for their reader before ffmpeg is held up. */
const WAITING = 2;

export interface RawFrame {
  /** In memory that threads can share. */
  pixels: Buffer;
  /** Its memory is used again for a later frame. */
  release: () => void;
}

export interface FrameSink {
  stream: Writable;
  frames: RawFrame[];
  /** Takes the oldest frame and lets ffmpeg go on. */
  take(): RawFrame | undefined;
  /** The reader is the slow one. */
  heldUp(): boolean;
  /** Bytes of a frame that is not whole. */
  rest(): number;
}

/**
 * Cuts ffmpeg's gbrp output into frames: planes G, B, R of `plane` bytes each come in, R, G, B go out.
 * Every frame has memory of its own until it is released.
 */
export function createFrameSink(plane: number, onFrame: () => void): FrameSink {
  const bytes = plane * 3;
  const placeOf = [plane, 2 * plane, 0];
  const frames: RawFrame[] = [];
  /** Memory of frames that were released. */
  const free: Buffer[] = [];
  const memory = (): Buffer => free.pop() ?? Buffer.from(new SharedArrayBuffer(bytes));
  const frameIn = (pixels: Buffer): RawFrame => {
    let held = true;
    return {
      pixels,
      release() {
        if (held) free.push(pixels);
        held = false;
      },
    };
  };
  let current = memory();
  let filled = 0;
  let resume: (() => void) | null = null;

  const stream = new Writable({
    // fluent-ffmpeg takes a stream's `close` for a reader that went away.
    emitClose: false,
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      let from = 0;
      while (from < chunk.length) {
        const p = Math.floor(filled / plane);
        const within = filled - p * plane;
        const count = Math.min(plane - within, chunk.length - from);
        chunk.copy(current, (placeOf[p] ?? 0) + within, from, from + count);
        from += count;
        filled += count;
        if (filled === bytes) {
          frames.push(frameIn(current));
          current = memory();
          filled = 0;
        }
      }
      if (frames.length < WAITING) done();
      else resume = done;
      if (frames.length > 0) onFrame();
    },
  });
  // Not in `final`: there `writableFinished` is still false, and a reader woken then would wait for ever.
  stream.once("finish", onFrame);
  return {
    stream,
    frames,
    take() {
      const frame = frames.shift();
      const go = resume;
      if (frames.length < WAITING && go !== null) {
        resume = null;
        go();
      }
      return frame;
    },
    heldUp: () => resume !== null,
    rest: () => filled,
  };
}
