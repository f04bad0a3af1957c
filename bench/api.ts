import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFile } from "node:fs/promises";
import { makeTinyDataset } from "../adapters/training/tiny-dataset.test-suite.ts";
import { until } from "../scripts/child.ts";
import { createLab, type Lab } from "../test/lab.ts";
import { commandOf, median, rounded, spreadOf, type BenchContext, type Figure } from "./figure.ts";

const RUNS = 5;
const SECONDS = 20;
const PER_SECOND = 100;
/** Of ten requests, one makes a task; the others ask for a status. */
const CREATE_EVERY = 10;
/** Tasks whose status is asked for: the training, and the newest. */
const WATCHED = 20;

interface Sent {
  kind: "create" | "status";
  /** From the moment at which it should have been sent: who waits behind a slow one has waited too. */
  ms: number;
}

interface TrainingAnswer { status: string; current_epoch: number }

export const percentile = (values: readonly number[], share: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? NaN;

/**
 * How long the API makes people wait, on a machine that trains: a real API, Temporal server, pipeline worker and trainer, 100 requests a second,
 * sent when they are due, whether or not those before are answered. No worker takes the videos: what is measured is the API beside a training.
 */
export const bench = {
  names: ["api_p99_ms"],
  async run({ say }: BenchContext): Promise<Figure[]> {
    const lab = await createLab({ env: { ACTVERSE_TRAINER_NICENESS: "10" } });
    try {
      await lab.startWorker(["pipeline"]);
      await lab.startWorker(["training"]);
      const runId = await startTraining(lab);
      const watched = [runId];
      const epochOf = async (): Promise<number> => (await lab.api.get<TrainingAnswer>(`/training/${runId}`)).current_epoch;
      // What runs for the first time is compiled while it runs: until that is done, half a minute after a start, everything is slower.
      await load(lab, watched, 2 * SECONDS);
      const runs: Sent[][] = [];
      const epochs: number[] = [];
      for (let run = 1; run <= RUNS; run++) {
        const before = await epochOf();
        runs.push(await load(lab, watched, SECONDS));
        epochs.push((await epochOf()) - before);
        say(`  run ${run}: ${describe(runs.at(-1)!)}; ${epochs.at(-1)} epochs meanwhile; load ${rounded(loadavg()[0]!, 1)}`);
      }
      if (epochs.reduce((sum, some) => sum + some, 0) < 1) throw new Error("the training did not go on meanwhile");
      const worst = runs.map((run) => Math.max(...(["create", "status"] as const).map((kind) => p99(run, kind))));
      return [
        {
          name: "api_p99_ms",
          value: rounded(median(worst), 1),
          unit: "ms",
          goal: 200,
          better: "lower",
          spread: spreadOf(worst).map((value) => rounded(value, 1)) as [number, number],
          command: commandOf("api_p99_ms"),
          note: `the worse 99th percentile of POST /tasks/ (${PER_SECOND / CREATE_EVERY} a second) and GET /status/{task_id} (${PER_SECOND - PER_SECOND / CREATE_EVERY} a second), each run ${SECONDS} s, from when a request was due; a training runs beside it (${epochs.join(", ")} epochs meanwhile), and so do Temporal, the pipeline's worker and who sends the requests, all on this machine. Runs: ${runs.map(describe).join("; ")}. Load at the end ${rounded(loadavg()[0]!, 1)}`,
        },
      ];
    } finally {
      await lab.close();
    }
  },
};

const timesOf = (run: Sent[], kind: Sent["kind"]): number[] => run.flatMap((sent) => (sent.kind === kind ? [sent.ms] : []));
const p99 = (run: Sent[], kind: Sent["kind"]): number => percentile(timesOf(run, kind), 0.99);
const describe = (run: Sent[]): string => (["create", "status"] as const).map((kind) => `${kind} p50 ${rounded(percentile(timesOf(run, kind), 0.5), 1)}, p99 ${rounded(p99(run, kind), 1)} ms`).join(", ");

async function startTraining(lab: Lab): Promise<string> {
  const folder = join(lab.folder, "tiny");
  const dataPath = await makeTinyDataset(folder, { train: 64, val: 16 });
  await writeFile(join(lab.folder, "a.mp4"), "nobody looks into it");
  const started = await lab.api.send<{ run_id: string }>("POST", "/training", { data_path: dataPath, mode_train_info: { task: "pose", imgsz: 64, epochs: 5000, patience: 5000, batch: 8, device: "cpu" } });
  await until("training to run", 480, async () => ((await lab.api.get<TrainingAnswer>(`/training/${started.run_id}`)).current_epoch >= 1 ? true : null)).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${lab.logs()}`);
  });
  return started.run_id;
}

/** An open loop: what is due is sent. Throws where an answer is not what it should be. */
async function load({ apiUrl, folder }: Lab, watched: string[], seconds: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  const work: Promise<void>[] = [];
  const begin = performance.now() + 100;
  const body = JSON.stringify({ file_path: join(folder, "a.mp4"), user_id: "bench" });
  for (let i = 0; i < seconds * PER_SECOND; i++) {
    const due = begin + (i * 1000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    work.push(i % CREATE_EVERY === 0 ? create(due) : status(due, watched[i % watched.length]!));
  }
  await Promise.all(work);
  return sent;

  async function create(due: number): Promise<void> {
    const answer = await fetch(`${apiUrl}/tasks/`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const made = (await answer.json()) as { task_id: string };
    if (answer.status !== 201) throw new Error(`POST /tasks/: ${answer.status} ${JSON.stringify(made)}`);
    sent.push({ kind: "create", ms: performance.now() - due });
    // The first one stays: it is the training.
    if (watched.push(made.task_id) > WATCHED) watched.splice(1, 1);
  }
  async function status(due: number, taskId: string): Promise<void> {
    const answer = await fetch(`${apiUrl}/status/${taskId}`);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`GET /status/${taskId}: ${answer.status} ${text}`);
    sent.push({ kind: "status", ms: performance.now() - due });
  }
}
