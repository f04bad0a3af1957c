import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readJson, readJsonIfThere, type Storage } from "../../adapters/storage/storage.ts";
import type { PacketIndex, Segment, VideoInfo } from "../../domain/detections.ts";
import { resultKeys, videoKeys } from "../../domain/layout.ts";
import { LEDGER_HEADER, ledgerLines, type SeenSegment } from "../../domain/ledger.ts";
import type { SegmentSummary } from "../../domain/steps.ts";
import { publish } from "./publish.ts";

/** Lines that go to the disk at once. */
const CHUNK = 1000;

/** frames.csv: the packet index of the whole video, completed with what decoding each segment showed. */
export async function writeLedger(job: { storage: Storage; taskId: string; round: number; plan: string; segments: Segment[]; scratch: string; signal: AbortSignal }): Promise<void> {
  const { storage, taskId, round, plan, signal } = job;
  const keys = resultKeys(taskId, round);
  const { rotation } = await readJson<VideoInfo>(storage, videoKeys(taskId).meta);
  const index = await readJson<PacketIndex>(storage, videoKeys(taskId).packets);
  const segments: SeenSegment[] = [];
  for (const segment of job.segments) {
    const summary = await readJsonIfThere<SegmentSummary>(storage, keys.segmentSummary(plan, segment.index));
    segments.push({ segment, account: accountOf(summary) });
  }
  const file = join(job.scratch, "frames.csv");
  function* text(): Generator<string> {
    let chunk = `${LEDGER_HEADER}\n`;
    let lines = 0;
    for (const line of ledgerLines({ index, rotation, segments })) {
      chunk += `${line}\n`;
      if (++lines % CHUNK === 0) {
        yield chunk;
        chunk = "";
      }
    }
    yield chunk;
  }
  await pipeline(text, createWriteStream(file), { signal });
  await publish(storage, keys.framesCsv, file);
}

/** A summary from before there was a ledger still says where nothing differed. */
const accountOf = (summary: SegmentSummary | null): SeenSegment["account"] => summary?.account ?? (summary?.differing === 0 ? { missing: [], unknown: [] } : null);
