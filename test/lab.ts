import type { TestWorkflowEnvironment } from "@temporalio/testing";
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import type { Queue } from "../domain/activities.ts";
import type { StepName } from "../domain/task.ts";
import type { StepState, TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { createApiClient, type ApiClient } from "../cli/client.ts";
import { freePort } from "../scripts/ports.ts";
import { API_THREADS } from "../scripts/stack.ts";
import { readTools } from "../scripts/tools.ts";
import { startTemporal } from "./temporal-server.ts";

/** A whole Actverse in a temporary folder, its parts real processes that a test can kill. */
export interface Lab {
  folder: string;
  storage: Storage;
  temporal: TestWorkflowEnvironment;
  api: ApiClient;
  apiUrl: string;
  /** `env`: more of it, such as a work folder of its own: then it is another machine. */
  startWorker(queues: Queue[], env?: Record<string, string>): Promise<WorkerProcess>;
  /** Waits until the step has this state; fails at once when the task is parked instead. */
  stepIs(taskId: string, step: StepName, status: StepState["status"], seconds?: number): Promise<TaskState>;
  /** The end of every process's log, for a failed test's message. */
  logs(): string;
  close(): Promise<void>;
}

export interface WorkerProcess {
  pid: number;
  /** SIGKILL: no goodbye to anyone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
}

export const OTHER_QUEUES: Queue[] = ["pipeline", "video", "frames", "labeling", "deployment", "results", "notify"];

/** `env`: more of it, for the API and the workers; ACTVERSE_PUBLIC_URL is then the API's own address. */
export async function createLab({ env: more }: { env?: Record<string, string> } = {}): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), "actverse-lab-"));
  const dataDir = join(folder, "data_storage");
  mkdirSync(dataDir, { recursive: true });
  const temporal = await startTemporal();
  const tools = readTools();
  const port = await freePort();
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address,
    ACTVERSE_DATA_DIR: dataDir,
    ACTVERSE_WORK_DIR: join(folder, "work"),
    ACTVERSE_PORT: String(port),
    ACTVERSE_ALLOWED_ROOTS: folder,
    ACTVERSE_TRAINER_PYTHON: tools.python,
    ACTVERSE_SHUTDOWN_GRACE_S: "5",
    ...(more === undefined ? {} : { ACTVERSE_PUBLIC_URL: `http://127.0.0.1:${port}`, ...more }),
  };
  const running = new Set<ChildProcess>();
  const logFiles: string[] = [];

  function start(entry: string, extra: Record<string, string> = {}): { child: ChildProcess; logFile: string } {
    const logFile = join(folder, `${entry.replaceAll("/", "-")}-${logFiles.length}.log`);
    logFiles.push(logFile);
    const child = spawn(process.execPath, ["--import", "tsx", entry], { env: { ...env, ...extra }, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(logFile);
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    running.add(child);
    child.once("exit", () => running.delete(child));
    return { child, logFile };
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  const logs = (): string => logFiles.map((file) => `--- ${file}\n${readFileSync(file, "utf8").slice(-3000)}`).join("\n");

  const apiUrl = `http://127.0.0.1:${port}`;
  const api = createApiClient({ url: apiUrl });
  start("api/main.ts", API_THREADS);
  await until("the API to answer", 60, () => api.get("/health")).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${logs()}`);
  });

  return {
    folder,
    storage: createLocalStorage({ root: dataDir }),
    temporal,
    api,
    apiUrl,
    logs,
    async startWorker(queues, own) {
      const { child, logFile } = start("workers/main.ts", { ACTVERSE_QUEUES: queues.join(","), ...own });
      await until(`a worker for ${queues.join(",")}`, 60, async () => readFileSync(logFile, "utf8").includes("worker started")).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${logs()}`);
      });
      return { pid: child.pid!, kill: () => end(child, "SIGKILL"), stop: () => end(child, "SIGTERM") };
    },
    async stepIs(taskId, step, status, seconds = 120) {
      const state = await until(`${step} to be ${status}`, seconds, async () => {
        const found = await api.get<TaskState>(`/status/${taskId}`);
        const parked = found.steps.find((s) => s.status === "parked");
        return found.steps.find((s) => s.name === step)?.status === status || parked !== undefined ? found : null;
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${logs()}`);
      });
      const parked = state.steps.find((s) => s.status === "parked");
      if (parked !== undefined && status !== "parked") throw new Error(`${parked.name} is parked: ${parked.reason}\n${logs()}`);
      return state;
    },
    async close() {
      await Promise.all([...running].map((child) => end(child, "SIGTERM")));
      await temporal.teardown();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
