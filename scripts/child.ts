import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  logFile: string;
  /** Also shows the output here. */
  echo?: NodeJS.WritableStream | undefined;
  onPid: (pid: number | null) => void;
  /** Says that it ended by itself and is started again. */
  onRestart: (message: string) => void;
}

export interface Child {
  pid(): number | undefined;
  /** SIGTERM, and SIGKILL when that is not heeded. */
  stop(): Promise<void>;
}

/** How long a process has to end by itself before it is killed: longer than a worker's grace. */
const STOP_MS = 20_000;

/** Starts a process and starts it again whenever it ends by itself, a little later each time. */
export function keepRunning(options: ChildOptions): Child {
  const log = createWriteStream(options.logFile, { flags: "a" });
  let stopping = false;
  let child: ChildProcess;
  let failures = 0;

  const start = (): void => {
    const began = Date.now();
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we end the processes in order.
    child = spawn(options.command, options.args, { env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    options.onPid(child.pid ?? null);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.pipe(log, { end: false });
      if (options.echo !== undefined) stream?.pipe(options.echo, { end: false });
    }
    child.once("error", (error) => options.onRestart(`${options.name} cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      options.onPid(null);
      if (stopping) return;
      failures = Date.now() - began > 60_000 ? 0 : failures + 1;
      const wait = Math.min(30, 2 ** failures / 2);
      options.onRestart(`${options.name} ended (${signal ?? `exit ${code ?? "?"}`}); it starts again in ${wait} s. Its log: ${options.logFile}`);
      setTimeout(() => stopping || start(), wait * 1000);
    });
  };
  start();

  return {
    pid: () => child.pid,
    async stop() {
      stopping = true;
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        const killer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
        await ended;
        clearTimeout(killer);
      }
      log.end();
    },
  };
}

/** Asks again and again until `ask` gives something; throws `what` after so many seconds. */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const found = await ask();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await sleep(250);
  }
  throw new Error(`waited ${seconds} s for ${what}`, { cause: last });
}
