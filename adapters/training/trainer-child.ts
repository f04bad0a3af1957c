import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { countOomKills } from "./oom-kills.ts";
import { TrainerError, type TrainerErrorKind } from "./trainer.ts";

/** After a polite SIGTERM. */
const KILL_AFTER_MS = 5000;
/** Last lines of stderr that a crash quotes. */
const LAST_WORDS = 12;
/** How `uv run` and shells say that what they ran was killed: 128 + SIGKILL. */
const KILLED = 137;

/** One JSON line of the trainer. */
export type TrainerEvent = { event: string } & Record<string, unknown>;

/**
 * People who wait for a page come first; where nobody asks for anything, the trainer has the machine to itself.
 * Where Linux shares the cores among sessions (`autogroup` in sched(7)), a niceness counts only within one, and the trainer has one of its own.
 */
function giveWay(pid: number | undefined, niceness: number): void {
  if (pid === undefined || niceness === 0) return;
  for (const give of [() => setPriority(pid, niceness), () => writeFileSync(`/proc/${pid}/autogroup`, String(niceness), { flag: "r+" })]) {
    try {
      give();
    } catch {
      // It has ended already, we are asked to give way even more, or this is not such a system.
    }
  }
}

/**
 * Runs the trainer once: a process group of its own, its stdin open as the life-line, so that it ends when this process is
 * killed, and is killed as a group when `signal` aborts. Events are handled one after the other; what `onEvent` returns is
 * written back as a JSON line. Throws TrainerError, the signal's reason, or what `onEvent` threw.
 */
export async function runTrainer(options: {
  command: string;
  args: string[];
  cwd: string;
  niceness: number;
  signal: AbortSignal;
  /** Where the host counts the processes that it ended for lack of memory (oom-kills.ts). */
  oomCounters: string[];
  log?: (line: string) => void;
  onEvent: (event: TrainerEvent) => Promise<Record<string, unknown> | undefined>;
}): Promise<void> {
  const { command, args, cwd, niceness, signal, oomCounters, log, onEvent } = options;
  signal.throwIfAborted();
  const killsBefore = await countOomKills(oomCounters);
  const child = spawn(command, args, { cwd, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  giveWay(child.pid, niceness);
  const closed = new Promise<{ code: number | null; by: NodeJS.Signals | null; failure?: Error }>((resolve) => {
    child.once("error", (failure) => resolve({ code: null, by: null, failure }));
    child.once("close", (code, by) => resolve({ code, by }));
  });
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(child.pid, "SIGTERM");
    timer ??= setTimeout(() => killGroup(child.pid, "SIGKILL"), KILL_AFTER_MS);
  };
  signal.addEventListener("abort", end, { once: true });
  // A trainer that has just ended: its exit says why.
  child.stdin.on("error", () => undefined);

  const lastWords: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line.trim() === "") return;
    log?.(line);
    lastWords.push(line);
    if (lastWords.length > LAST_WORDS) lastWords.shift();
  });

  let problem: TrainerError | undefined;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parse(line);
      if (event === null) continue;
      if (event.event === "error") {
        problem = new TrainerError(kindOf(event["kind"]), [event["message"], event["what_to_do"]].filter((part) => typeof part === "string").join(". "));
        continue;
      }
      const answer = await onEvent(event);
      if (answer !== undefined) child.stdin.write(`${JSON.stringify(answer)}\n`);
    }
    const { code, by, failure } = await closed;
    signal.throwIfAborted();
    if (failure !== undefined) throw new TrainerError("crash", `The trainer could not be started (${failure.message}): run the set-up again`);
    if (code === 0 && problem === undefined) return;
    const ending = problem ?? new TrainerError("crash", `The trainer ended with ${by ?? `exit code ${code}`}: ${lastWords.join(" | ")}`);
    if (by === "SIGKILL" || code === KILLED || /killed by signal|SIGKILL|signal 9/i.test(problem?.message ?? "")) throw await explainKill(ending, killsBefore, oomCounters);
    throw ending;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      end();
      await closed;
    }
    clearTimeout(timer);
    // Data loaders that outlived their trainer.
    killGroup(child.pid, "SIGKILL");
  }
}

/** The kernel's OOM killer sends the same signal as anybody's `kill -9`: only its counter tells them apart. A data loader that it took counts too. */
async function explainKill(ending: TrainerError, before: number | null, counters: string[]): Promise<TrainerError> {
  const now = await countOomKills(counters);
  if (before === null || now === null) return new TrainerError("killed", ending.message);
  return now > before ? new TrainerError("memory", `The host ended the trainer because memory ran out. ${ending.message}`) : ending;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
}

function parse(line: string): TrainerEvent | null {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === "object" && value !== null && typeof (value as TrainerEvent).event === "string" ? (value as TrainerEvent) : null;
  } catch {
    return null;
  }
}

const kindOf = (kind: unknown): TrainerErrorKind => (kind === "input" || kind === "memory" ? kind : "crash");
