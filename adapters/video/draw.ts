import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Segment } from "../../domain/detections.ts";
import { createMatcher } from "../../domain/ledger.ts";
import { escapeForFilter, TOLERANT, VARIABLE_RATE } from "./encode.ts";
import { ptsIn, type RunFfmpeg } from "./run-ffmpeg.ts";
import { inTicksOf, secondsOf, seekOptions } from "./seek.ts";
import type { DrawOptions } from "./video.ts";

/** Key frames to begin before the piece's own (decode.ts); at last the file's beginning. */
const BEGIN_BEFORE = [1, 10, Infinity];

type Job = DrawOptions & { threads: number | undefined };

/**
 * See VideoTools.draw. Each piece is drawn and encoded by a process of its own, then all are put together without encoding again:
 * libass holds a script in memory whole (0.9 GB for an hour of video), and looks through all of it for each frame.
 */
export async function drawInPieces(run: RunFfmpeg, job: Job): Promise<void> {
  const { pieces, folder, output } = job;
  const made: { piece: Segment; file: string }[] = [];
  let script: Promise<string> | undefined;
  for (const [i, piece] of pieces.entries()) {
    const subtitles = await (script ?? job.scriptOf(piece));
    const next = pieces[i + 1];
    // Written while this piece is drawn.
    script = next === undefined ? undefined : job.scriptOf(next);
    script?.catch(() => undefined);
    const file = pieces.length === 1 ? output : join(folder, `piece-${i}.mp4`);
    if (await drawPiece(run, job, { piece, subtitles, file })) made.push({ piece, file });
  }
  if (pieces.length > 1) await putTogether(run, job, made);
}

/** False where the decoder gives no frame of the piece at all. */
async function drawPiece(run: RunFfmpeg, job: Job, { piece, subtitles, file }: { piece: Segment; subtitles: string; file: string }): Promise<boolean> {
  const { index } = job;
  const threads = job.threads === undefined ? [] : ["-threads", String(job.threads)];
  const encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "60", "-bf", "0"];
  for (const back of BEGIN_BEFORE) {
    const matcher = createMatcher(index, piece);
    let any = false;
    const seek = seekOptions(index, piece.start, back);
    await run({
      inputs: [{ file: job.file, options: [...threads, ...seek] }],
      // No B-frames: times of decoding are then those of presentation, and pieces of any rate can follow each other.
      outputs: [{ target: file, options: ["-map", "0:V:0", "-map_metadata", "-1", "-vf", filtersOf(job, piece, subtitles), ...VARIABLE_RATE, ...encoder, ...threads, ...TOLERANT, "-movflags", "+faststart", "-f", "mp4"] }],
      // The filters say which frames there are.
      logLevel: "info",
      signal: job.signal,
      onLine(line) {
        const pts = ptsIn(line, "seen");
        if (pts === null) return;
        any = true;
        const frame = matcher.match(pts);
        if (frame !== null) job.onProgress?.(frame + 1);
      },
    });
    const beganTooLate = matcher.account().missing[0] === piece.start;
    if (!beganTooLate || !seek.includes("-ss")) return any;
  }
  return false;
}

function filtersOf({ index, width, height, clock }: Job, piece: Segment, subtitles: string): string {
  // yuv420p has no odd sides: such a picture gets a black column or row after the drawing, so that pixels keep their place.
  const odd = width % 2 === 1 || height % 2 === 1;
  const end = piece.end < index.pts.length ? `:end_pts=${index.pts[piece.end]}` : "";
  return [
    inTicksOf(index),
    `trim=start_pts=${index.pts[piece.start]}${end}`,
    "showinfo@seen=checksum=0",
    odd ? "format=yuv444p" : "format=yuv420p",
    `setpts=(PTS-(${index.pts[piece.start]}))*${clock}`,
    `ass=filename=${escapeForFilter(subtitles)}`,
    `setpts=PTS/${clock}`,
    ...(odd ? ["pad=ceil(iw/2)*2:ceil(ih/2)*2", "format=yuv420p"] : []),
  ].join(",");
}

async function putTogether(run: RunFfmpeg, { index, folder, output, signal }: Job, made: { piece: Segment; file: string }[]): Promise<void> {
  // Microseconds of the video's own time, so that roundings do not add up; half a one is far less than a tick.
  const begins = made.map(({ piece }) => Math.round(secondsOf(index, (index.pts[piece.start] ?? 0) - (index.pts[0] ?? 0)) * 1e6));
  const list = made.map(({ file }, i) => {
    const next = begins[i + 1];
    // inpoint: a piece whose first frames are damaged begins later, and must not be moved to its place's beginning.
    return [`file '${file.replaceAll("'", String.raw`'\''`)}'`, "inpoint 0", ...(next === undefined ? [] : [`duration ${((next - (begins[i] ?? 0)) / 1e6).toFixed(6)}`])].join("\n");
  });
  const listFile = join(folder, "pieces.ffconcat");
  await writeFile(listFile, `ffconcat version 1.0\n${list.join("\n")}\n`);
  await run({
    inputs: [{ file: listFile, ours: true, options: ["-f", "concat", "-safe", "0"] }],
    outputs: [{ target: output, options: ["-map", "0:V:0", "-c", "copy", "-movflags", "+faststart", "-f", "mp4"] }],
    signal,
  });
}
