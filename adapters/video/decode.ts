import { createMatcher } from "../../domain/ledger.ts";
import { PADDING_GREY } from "../../domain/letterbox.ts";
import { createFrameSink, type RawFrame } from "./frame-sink.ts";
import { ptsIn, type RunFfmpeg } from "./run-ffmpeg.ts";
import { inTicksOf, seekOptions, strideExpression } from "./seek.ts";
import { VideoToolError, type DecodeOptions, type DecodedFrame } from "./video.ts";

/** Key frames to begin before the segment's own: one for open groups of pictures; more where the container landed too late. */
const BEGIN_BEFORE = [1, 10];

/** See VideoTools.decode. One process; a second one only where the first began too late to give the segment's first frame. */
export async function* decodeSegment(run: RunFfmpeg, options: DecodeOptions & { threads: number }): AsyncGenerator<DecodedFrame> {
  const { index, segment, stride } = options;
  const first = Math.ceil(segment.start / stride) * stride;
  if (first >= Math.min(segment.end, index.pts.length)) return;
  for (const back of BEGIN_BEFORE) {
    const last = back === BEGIN_BEFORE.at(-1) || !seekOptions(index, segment.start, back).includes("-ss");
    const given = createMatcher(index, segment);
    const seen = createMatcher(index, segment);
    let any = false;
    for await (const { pts, ...raw } of decodeFrom(run, options, back, (ticks) => void seen.match(ticks))) {
      if (!any && !last && pts > (index.pts[first] ?? 0)) break;
      any = true;
      const frame = given.match(pts);
      if (frame !== null && frame % stride === 0) yield { frame, ...raw };
      else raw.release();
    }
    if (any || last) {
      options.onAccount?.(seen.account());
      return;
    }
  }
}

async function* decodeFrom(
  run: RunFfmpeg,
  options: DecodeOptions & { threads: number },
  back: number,
  onSeen: (pts: number) => void,
): AsyncGenerator<RawFrame & { pts: number }> {
  const { index, segment, stride, width, height } = options;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const times: number[] = [];
  let ended = false;
  let failure: Error | null = null;
  let wake: (() => void) | null = null;
  const tell = (): void => {
    wake?.();
    wake = null;
  };

  const filters = filtersOf(options, stride);
  const sink = createFrameSink(width * height, tell);
  const process = run({
    inputs: [{ file: options.file, options: ["-threads", String(options.threads), "-filter_threads", String(options.threads), ...seekOptions(index, segment.start, back)] }],
    outputs: [{ target: sink.stream, options: ["-map", "0:V:0", "-vf", filters.graph, "-fps_mode", "passthrough", "-max_error_rate", "1", "-f", "rawvideo"] }],
    // The filters' log is the only place where ffmpeg says which presentation time each raw frame has.
    logLevel: "info",
    signal,
    heldUp: () => sink.heldUp(),
    onLine(line) {
      const seen = ptsIn(line, "seen");
      if (seen !== null) onSeen(seen);
      const pts = ptsIn(line, filters.chosen);
      if (pts === null) return;
      times.push(pts);
      tell();
    },
  })
    .catch((error: unknown) => {
      failure = error instanceof Error ? error : new VideoToolError(String(error));
    })
    .finally(() => {
      ended = true;
      tell();
    });

  try {
    for (;;) {
      if (failure !== null) throw failure as Error;
      if (sink.frames.length > 0 && times.length > 0) {
        const raw = sink.take();
        const pts = times.shift();
        if (raw !== undefined && pts !== undefined) yield { pts, ...raw };
      } else if (ended && sink.stream.writableFinished) {
        if (sink.frames.length > 0 || times.length > 0 || sink.rest() > 0) throw new VideoToolError(`${sink.frames.length} raw frames against ${times.length} times`);
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stop.abort(new VideoToolError("the reader has ended"));
    await process;
  }
}

/** `chosen`: the showinfo that speaks of the frames that come out; `seen` speaks of all that were decoded. */
function filtersOf(options: DecodeOptions, stride: number): { graph: string; chosen: "seen" | "chosen" } {
  const { index, segment, width, height } = options;
  const trims = [
    // What comes before the first frame of the index is the decoder's word against the index.
    ...(segment.start > 0 ? [`start_pts=${index.pts[segment.start]}`] : []),
    ...(segment.end < index.pts.length ? [`end_pts=${index.pts[segment.end]}`] : []),
  ];
  const select = strideExpression(index, segment.start, Math.min(segment.end, index.pts.length), stride) ?? "1";
  const grey = PADDING_GREY.toString(16).padStart(2, "0");
  // domain/letterbox in ffmpeg's words: the size of the upright picture is known only here.
  const ratio = `min(${width}/iw,${height}/ih)`;
  const graph = [
    inTicksOf(index),
    ...(trims.length > 0 ? [`trim=${trims.join(":")}`] : []),
    "showinfo@seen=checksum=0",
    ...(select === "1" ? [] : [`select='${select}'`, "showinfo@chosen=checksum=0"]),
    `scale=w='clip(floor(iw*${ratio}+0.5),1,${width})':h='clip(floor(ih*${ratio}+0.5),1,${height})':flags=bilinear`,
    "format=gbrp",
    `pad=${width}:${height}:floor((ow-iw)/2):floor((oh-ih)/2):color=0x${grey.repeat(3)}`,
  ].join(",");
  return { graph, chosen: select === "1" ? "seen" : "chosen" };
}
