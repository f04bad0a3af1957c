import { Client, Connection } from "@temporalio/client";
import { rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Queue } from "../../domain/activities.ts";
import { runWorkflowIdOf } from "../../domain/ids.ts";
import type { TaskState } from "../../domain/state.ts";
import type { JoinOutput } from "../../domain/steps.ts";
import { until } from "../../scripts/child.ts";
import { createApiClient } from "../../cli/client.ts";
import { startStack } from "../../scripts/stack.ts";
import { readTools } from "../../scripts/tools.ts";
import { watchMemory, type Sample } from "./processes.ts";
import type { LongVideo } from "./video.ts";

/** Of one activity: milliseconds since 1970. */
export interface Span {
  name: string;
  from: number;
  to: number;
}

export interface LongRun {
  runId: string;
  apiUrl: string;
  home: string;
  samples: Sample[];
  spans: Span[];
  seconds: number;
  /** Of the processes, while they run. */
  pids: Record<string, number | undefined>;
}

export interface LongRunOptions {
  video: LongVideo;
  /** One that goes through the same processes first: they are then as large as work makes them, and what grows is growth. */
  first?: LongVideo;
  /** Gets everything that the run makes; emptied before. */
  home: string;
  workers?: Record<string, readonly Queue[]>;
  env?: Record<string, string>;
  say: (line: string) => void;
}

const MODEL = resolve("adapters/serving/fixtures/all/pose-raw-dynamic-uint8.onnx");
/** The model gives a box for each of its cells that a square covers: these leave one. */
const SETTINGS = { confidence: 0.6, iou: 0.25, batch_size: 8 };
/** Hours of patience: a video of eight takes minutes. */
const PATIENCE_S = 4 * 3600;

/** The model over a whole video and every output of it, by a stack of its own: real processes, a Temporal server with a database, somebody who watches. `then`: with everything still running. */
export async function runLong<T>({ video, first, home, workers, env, say }: LongRunOptions, then: (run: LongRun) => Promise<T>): Promise<T> {
  await rm(home, { recursive: true, force: true });
  const stack = await startStack({ home, dataDir: join(home, "data_storage"), tools: readTools(), port: 0, say, ...(workers === undefined ? {} : { workers }), env: { ACTVERSE_ALLOWED_ROOTS: `${resolve(video.file, "..")}:${resolve("adapters")}`, ACTVERSE_LOG_FORMAT: "json", ...env } });
  const memory = watchMemory(() => stack.pids());
  const connection = await Connection.connect({ address: stack.temporalAddress });
  try {
    const client = new Client({ connection });
    const api = createApiClient({ url: stack.apiUrl });
    const ended = async (runId: string, seconds: number): Promise<TaskState> => {
      const state = await until(`run ${runId} to end`, seconds, async () => {
        const found = await api.get<TaskState>(`/status/${runId}`);
        return found.status === "completed" || found.status === "parked" ? found : null;
      });
      if (state.status === "parked") throw new Error(`run ${runId} is parked: ${state.steps.find(({ reason }) => reason !== null)?.reason ?? ""} (logs: ${join(home, "logs")})`);
      return state;
    };
    const imported = await api.send<{ run_id: string }>("POST", "/models", { file_path: MODEL, name: "squares" });
    await ended(imported.run_id, 300);

    const infer = async (of: LongVideo): Promise<{ runId: string; state: TaskState }> => {
      say(`  the model over ${of.frames} frames, and every output`);
      const { run_id: runId } = await api.send<{ run_id: string }>("POST", "/models/squares/inference", { data_path: of.file, num_animals: of.animals, ...SETTINGS });
      return { runId, state: await ended(runId, PATIENCE_S) };
    };
    if (first !== undefined) await infer(first);
    const began = Date.now();
    const { runId, state } = await infer(video);
    const seconds = (Date.now() - began) / 1000;
    const { frames, ids, meanAnimals } = state.steps[0]!.result as unknown as JoinOutput;
    if (frames !== video.frames || ids !== video.animals || meanAnimals < 0.8 * video.animals) throw new Error(`${frames} rows, ${ids} ids and ${meanAnimals} animals a row of ${video.frames} frames with ${video.animals} animals`);
    const spans = await spansOf(client, runWorkflowIdOf("inference", runId));
    // For those who want to see more than a figure.
    await writeFile(join(home, "run.json"), JSON.stringify({ spans, samples: memory.samples }));
    return await then({ runId, apiUrl: stack.apiUrl, home, samples: memory.samples, spans, seconds, pids: stack.pids() });
  } finally {
    memory.stop();
    await connection.close();
    await stack.stop();
  }
}

/** When each activity of a workflow ran, by Temporal's own clock, which is this machine's. */
async function spansOf(client: Client, workflowId: string): Promise<Span[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const names = new Map<string, string>();
  const begun = new Map<string, number>();
  const spans: Span[] = [];
  const at = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number => Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
  for (const event of events ?? []) {
    const id = String(event.eventId);
    const name = event.activityTaskScheduledEventAttributes?.activityType?.name;
    if (typeof name === "string") names.set(id, name);
    const started = event.activityTaskStartedEventAttributes?.scheduledEventId;
    if (started !== undefined && started !== null) begun.set(String(started), at(event.eventTime));
    const completed = event.activityTaskCompletedEventAttributes?.scheduledEventId;
    if (completed !== undefined && completed !== null) spans.push({ name: names.get(String(completed)) ?? "", from: begun.get(String(completed)) ?? 0, to: at(event.eventTime) });
  }
  return spans;
}

/** From the first segment's beginning to the last export's end. */
export function phaseOf(spans: Span[], names: (name: string) => boolean): { from: number; to: number } {
  const chosen = spans.filter(({ name }) => names(name));
  if (chosen.length === 0) throw new Error(`no such activity ran: ${[...new Set(spans.map(({ name }) => name))].join(", ")}`);
  return { from: Math.min(...chosen.map(({ from }) => from)), to: Math.max(...chosen.map(({ to }) => to)) };
}

/** For NODE_OPTIONS of processes whose event loop is watched; what they say lies in the folder that ACTVERSE_BENCH_LOOP names. */
export const LOOP_PROBE = `--import ${pathToFileURL(join(import.meta.dirname, "loop-probe.mjs")).href}`;
