// Loaded into a process by NODE_OPTIONS="--import ...": says each second how long its event loop was held up. Plain JavaScript: it comes before tsx.
import { readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { isMainThread } from "node:worker_threads";

/** As often as monitorEventLoopDelay looks by default. */
const TICK_MS = 10;
const SAY_MS = 1000;
const folder = process.env.ACTVERSE_BENCH_LOOP;

/** Milliseconds that this thread has computed, and that it was ready to and had no core. (Linux: of /proc/PID itself that is the main thread.) */
function schedule() {
  const [run, wait] = readFileSync("/proc/self/schedstat", "utf8").split(" ");
  return { run: Number(run) / 1e6, wait: Number(wait) / 1e6 };
}

if (isMainThread && folder !== undefined) {
  const file = `${folder}/${process.pid}.ndjson`;
  let most = { late: 0, own: 0, run: 0 };
  let [last, before] = [performance.now(), schedule()];
  let said = last;
  setInterval(() => {
    const [now, after] = [performance.now(), schedule()];
    const late = now - last - TICK_MS;
    // Without a core nobody can answer: that is the machine's doing, and an idle process beside this one may have the luck to get one.
    const own = late - (after.wait - before.wait);
    // A timer that comes too late while the thread computes little: it turned meanwhile, or slept.
    const run = Math.min(after.run - before.run, Math.max(0, own));
    most = { late: Math.max(most.late, late), own: Math.max(most.own, own), run: Math.max(most.run, run) };
    [last, before] = [now, after];
    if (now - said < SAY_MS) return;
    said = now;
    const rounded = Object.fromEntries(Object.entries(most).map(([key, value]) => [key, Number(value.toFixed(1))]));
    most = { late: 0, own: 0, run: 0 };
    void appendFile(file, `${JSON.stringify({ at: Date.now(), ...rounded })}\n`).catch(() => undefined);
  }, TICK_MS).unref();
}
