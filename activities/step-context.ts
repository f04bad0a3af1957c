import { Context } from "@temporalio/activity";
import type { Progress } from "../domain/state.ts";

export { withScratch } from "./files/scratch.ts";

/** Heartbeats go out at this pace even without progress: cancellation reaches an activity only through them. */
const BEAT_MS = 1000;

export interface StepContext {
  /** Aborts when the task is cancelled, the attempt timed out, or the worker shuts down. */
  signal: AbortSignal;
  report: (progress: Progress) => void;
  log: (line: string, figures?: Record<string, unknown>) => void;
  /** The details of the last attempt's last heartbeat. */
  lastProgress: Progress | undefined;
  attempt: number;
}

/** Runs a long step: its latest progress is the heartbeat, sent on a timer. */
export async function longStep<T>(work: (context: StepContext) => Promise<T>): Promise<T> {
  const context = Context.current();
  let latest: Progress | undefined = context.info.heartbeatDetails as Progress | undefined;
  const lastProgress = latest;
  context.heartbeat(latest);
  const timer = setInterval(() => context.heartbeat(latest), BEAT_MS);
  try {
    return await work({
      signal: context.cancellationSignal,
      report: (progress) => {
        latest = progress;
        context.heartbeat(latest);
      },
      log: (line, figures) => context.log.info(line, figures),
      lastProgress,
      attempt: context.info.attempt,
    });
  } catch (error) {
    // An aborted child process fails with an error of its own; what counts is that it was cancelled, and why.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
