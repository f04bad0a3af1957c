import { finished } from "node:stream/promises";
import type { PacketIndex } from "../../domain/detections.ts";
import { ClockJumpsBack, InputError } from "../../domain/errors.ts";
import { createLineSink } from "./line-sink.ts";
import { ptsIn, type RunFfmpeg } from "./run-ffmpeg.ts";
import { VideoToolError } from "./video.ts";

/** Bits of a packet's flags, as libavcodec has them. */
const KEY = 1;
const DISCARD = 4;

interface Packets {
  timeBase: [number, number];
  pts: number[];
  key: boolean[];
  /** Packets that ffmpeg had to give the times of the one before, as their own were earlier. */
  heldBack: number;
}

/**
 * Frames in presentation order. The packets are copied, not decoded, into a list of their times (muxer framecrc): the same
 * demuxing, with the same corrections of broken times, that decoding goes through. fluent-ffmpeg's ffprobe keeps all output in one string.
 * Where packets do not carry presentation times (AVI with B-frames, single fields), the frames are decoded after all.
 * Throws ClockJumpsBack for a file whose times begin anew in its middle: by time alone its frames cannot be told apart.
 */
export async function indexPackets(run: RunFfmpeg, options: { file: string; signal?: AbortSignal }): Promise<PacketIndex> {
  let packets = await listPackets(run, options);
  if (packets === null || packets.pts.some((pts) => !Number.isFinite(pts))) packets = await listDecoded(run, options);
  if (packets.heldBack > 1) throw new ClockJumpsBack("the times of the video's packets go back in its middle");
  const order = packets.pts.map((_, i) => i).sort((a, b) => (packets.pts[a] ?? 0) - (packets.pts[b] ?? 0));
  const index: PacketIndex = { time_base: packets.timeBase, pts: [], key_frames: [] };
  for (const i of order) {
    const pts = packets.pts[i] ?? 0;
    // Two packets of one time are one frame.
    if (index.pts.at(-1) !== pts) index.pts.push(pts);
    const frame = index.pts.length - 1;
    if (packets.key[i] === true && index.key_frames.at(-1) !== frame) index.key_frames.push(frame);
  }
  if (index.pts.length === 0) {
    throw new InputError({ field: "file_path", message: "The video has no frames.", whatToDo: "Check the file: it may be cut off or empty. Give a video that plays." });
  }
  // After an edit list the key frame itself may be hidden: what is shown first can still be decoded from the file's beginning.
  if (index.key_frames[0] !== 0) index.key_frames.unshift(0);
  return index;
}

async function listPackets(run: RunFfmpeg, options: { file: string; signal?: AbortSignal }): Promise<Packets | null> {
  const packets: Packets = { timeBase: [0, 1], pts: [], key: [], heldBack: 0 };
  let bad = "";
  let keySeen = false;
  let before = "";
  const sink = createLineSink((line) => {
    if (line.startsWith("#tb 0:")) packets.timeBase = ratio(line.slice(6));
    if (line === "" || line.startsWith("#")) return;
    // stream, dts, pts, duration, size, checksum[, F=flags where not just a key frame][, S=side data]
    const fields = line.split(",");
    const pts = Number(fields[2]);
    const flags = /F=0x([0-9A-Fa-f]+)/.exec(line)?.[1];
    const bits = flags === undefined ? KEY : Number.parseInt(flags, 16);
    if (fields.length < 6) bad = line;
    const times = `${fields[1]},${fields[2]}`;
    if (times === before) packets.heldBack += 1;
    before = times;
    keySeen ||= (bits & KEY) !== 0;
    // A stream that was cut out of another begins with packets that nothing can decode; an empty packet (AVI) is a frame that the camera dropped.
    if (!keySeen || (bits & DISCARD) !== 0 || Number(fields[4]) === 0) return;
    packets.pts.push(pts < -Number.MAX_SAFE_INTEGER ? Number.NaN : pts);
    packets.key.push((bits & KEY) !== 0);
  });
  await run({
    inputs: [{ file: options.file, options: ["-copyts"] }],
    outputs: [{ target: sink, options: ["-map", "0:V:0", "-c", "copy", "-copyinkf", "-f", "framecrc"] }],
    signal: options.signal,
  });
  await finished(sink);
  if (bad !== "") throw new VideoToolError(`unreadable packet list: ${bad.slice(0, 100)}`);
  return packets.pts.length === 0 ? null : packets;
}

/** The decoder's own list, for files whose packets do not say when their frames are shown. */
async function listDecoded(run: RunFfmpeg, options: { file: string; signal?: AbortSignal }): Promise<Packets> {
  const packets: Packets = { timeBase: [0, 1], pts: [], key: [], heldBack: 0 };
  await run({
    inputs: [{ file: options.file, options: ["-copyts"] }],
    outputs: [{ target: "-", options: ["-map", "0:V:0", "-vf", "showinfo@all=checksum=0", "-fps_mode", "passthrough", "-f", "null"] }],
    logLevel: "info",
    signal: options.signal,
    onLine(line) {
      const timeBase = /showinfo@all.*config in time_base: (\d+\/\d+)/.exec(line)?.[1];
      if (timeBase !== undefined) packets.timeBase = ratio(timeBase);
      const pts = ptsIn(line, "all");
      if (pts === null || Number.isNaN(pts)) return;
      packets.pts.push(pts);
      packets.key.push(/ iskey:1 /.test(line));
    },
  });
  return packets;
}

function ratio(text: string): [number, number] {
  const [numerator = 0, denominator = 1] = text.trim().split("/").map(Number);
  return [numerator, denominator];
}
