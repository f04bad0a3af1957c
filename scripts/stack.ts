import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Queue } from "../domain/activities.ts";
import { SEARCH_ATTRIBUTE_TYPES } from "../domain/search-attribute-types.ts";
import { keepRunning, until, type Child } from "./child.ts";
import { freePort } from "./ports.ts";
import type { Tools } from "./tools.ts";

/** Temporal's dev server with its Web UI, one worker for all queues, and the API: the whole of Actverse on one machine. */

export interface StackOptions {
  /** Everything lies here: data_storage/, temporal.sqlite, logs/. */
  home: string;
  dataDir: string;
  tools: Tools;
  host?: string;
  port?: number;
  /** Further environment of worker and API. */
  env?: Record<string, string>;
  /** Worker processes by name, each with its queues; by default one for all. */
  workers?: Record<string, readonly Queue[]>;
  /** Shows the workers' log here. */
  echo?: NodeJS.WritableStream | undefined;
  say: (line: string) => void;
}

export interface Stack {
  apiUrl: string;
  temporalUrl: string;
  temporalAddress: string;
  /** Process ids, for those who want to see what happens when one dies. */
  pids(): Record<string, number | undefined>;
  stop(): Promise<void>;
}

/** Node's file operations share four threads: enough for fsyncs to a busy disk to hold up everything else that the API reads and writes. */
export const API_THREADS = { UV_THREADPOOL_SIZE: "16" };

/** What a killed stack leaves behind, so that the next one can end it. */
interface StackFile {
  supervisor: number;
  children: Record<string, number>;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const commandOf = (pid: number): string => {
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
};

/** Ends what a supervisor that was killed left running; refuses where a living one uses the same folder. */
function endLeftovers(file: string, say: StackOptions["say"]): void {
  let left: StackFile;
  try {
    left = JSON.parse(readFileSync(file, "utf8")) as StackFile;
  } catch {
    return;
  }
  // After a restart of the machine these numbers belong to strangers.
  const is = (pid: number, what: RegExp): boolean => alive(pid) && what.test(commandOf(pid));
  if (left.supervisor !== process.pid && is(left.supervisor, /scripts\/(start|demo)\.ts/)) {
    throw new Error(`Actverse already runs in this folder (process ${left.supervisor}); stop it first, or use its pages`);
  }
  for (const [name, pid] of Object.entries(left.children)) {
    if (!is(pid, /workers\/main\.ts|api\/main\.ts|server start-dev/)) continue;
    say(`ending ${name} (process ${pid}), left over from a run that was killed`);
    process.kill(pid, "SIGKILL");
  }
}

const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });

export async function startStack(options: StackOptions): Promise<Stack> {
  const { home, dataDir, tools, say } = options;
  const logs = join(home, "logs");
  const file = join(home, "stack.json");
  mkdirSync(logs, { recursive: true });
  mkdirSync(dataDir, { recursive: true });
  endLeftovers(file, say);

  const host = options.host ?? "127.0.0.1";
  const [port, temporalPort, uiPort] = [await freePort(options.port ?? 8080, host), await freePort(7233), await freePort(8233)];
  const temporalAddress = `127.0.0.1:${temporalPort}`;
  const env: Record<string, string> = {
    ACTVERSE_DATA_DIR: dataDir,
    ACTVERSE_WORK_DIR: join(home, "work"),
    ACTVERSE_HOST: host,
    ACTVERSE_PORT: String(port),
    ACTVERSE_TRAINER_PYTHON: tools.python,
    // Pages and training share this machine: who waits for a page comes first.
    ACTVERSE_TRAINER_NICENESS: process.env["ACTVERSE_TRAINER_NICENESS"] ?? "10",
    TEMPORAL_ADDRESS: temporalAddress,
    FFMPEG_PATH: tools.ffmpeg,
    FFPROBE_PATH: tools.ffprobe,
    ...(options.echo === undefined ? {} : { ACTVERSE_LOG_FORMAT: "pretty" }),
    ...options.env,
  };

  const running: Record<string, number> = {};
  const children: Child[] = [];
  const note = (name: string) => (pid: number | null): void => {
    if (pid === null) delete running[name];
    else running[name] = pid;
    writeFileSync(file, JSON.stringify({ supervisor: process.pid, children: running } satisfies StackFile));
  };
  const begin = (name: string, command: string, args: string[], { echo = options.echo, own = {} }: { echo?: NodeJS.WritableStream | undefined | null; own?: Record<string, string> } = {}): void => {
    children.push(keepRunning({ name, command, args, env: { ...env, ...own }, logFile: join(logs, `${name}.log`), echo: echo ?? undefined, onPid: note(name), onRestart: say }));
  };
  const stop = async (): Promise<void> => {
    // In the opposite order: a worker that can still reach its server says goodbye to it.
    for (const child of children.toReversed()) await child.stop();
    rmSync(file, { force: true });
  };

  try {
    const attributes = Object.entries(SEARCH_ATTRIBUTE_TYPES).flatMap(([name, type]) => ["--search-attribute", `${name}=${type}`]);
    begin("temporal", tools.temporal, ["server", "start-dev", "--ip", "127.0.0.1", "--port", String(temporalPort), "--ui-port", String(uiPort), "--db-filename", join(home, "temporal.sqlite"), "--log-level", "error", ...attributes], { echo: null });
    await until(`Temporal to answer at ${temporalAddress} (its log: ${join(logs, "temporal.log")})`, 60, () => reachable(temporalPort));
    for (const [name, queues] of Object.entries(options.workers ?? { worker: null })) begin(name, process.execPath, ["--import", "tsx", "workers/main.ts"], queues === null ? {} : { own: { ACTVERSE_QUEUES: queues.join(",") } });
    begin("api", process.execPath, ["--import", "tsx", "api/main.ts"], { echo: null, own: API_THREADS });
    const apiUrl = `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`;
    await until(`the API to answer at ${apiUrl}/health (its log: ${join(logs, "api.log")})`, 60, async () => (await fetch(`${apiUrl}/health`)).ok);
    return { apiUrl, temporalUrl: `http://127.0.0.1:${uiPort}`, temporalAddress, pids: () => ({ ...running }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
