import type { FastifyReply, FastifyRequest } from "fastify";
import { setTimeout as sleep } from "node:timers/promises";
import { Type } from "typebox";
import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { makeId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import type { Job, RunKind } from "../domain/runs.ts";
import { settingsOf } from "../domain/settings.ts";
import type { TaskBody } from "../domain/task.ts";
import type { Context } from "./context.ts";
import { claimTask } from "./idempotency.ts";
import { callerOf } from "./plugins/auth.ts";
import { HttpProblem } from "./problems.ts";

/** Single steps that run on their own: each is a workflow, with a status, a timeline and a record under its run_id. */

/** tasks/{run_id}/run.json, written before the workflow starts. */
interface RunMark { kind: RunKind }

/** Of which kind the single step with this id is; null where the id is a task's, or unknown. */
export const runKindOf = (storage: Storage) => async (id: string): Promise<RunKind | null> => (await readJsonIfThere<RunMark>(storage, taskKeys(id).run))?.kind ?? null;

export const RunHeaders = Type.Object({
  "idempotency-key": Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "The same request with the same key is one run." })),
  prefer: Type.Optional(Type.String({ maxLength: 100, description: "`wait=30`: answer when it is done, after at most so many seconds (60 at most)." })),
});

const place = { task_id: Type.String(), run_id: Type.String(), status_url: Type.String() };
export const RunStarted = Type.Object(place, { description: "It runs; status_url says how it goes." });
export const RunDone = Type.Object({ ...place, result: Type.Record(Type.String(), Type.Unknown()) }, { description: "It was waited for, and is done." });

const WAIT_MAX_S = 60;
const LOOK_MS = 300;

/** Seconds, from the header of RFC 7240; 0 where it does not ask for waiting. */
export const secondsToWait = (prefer: string | undefined): number => Math.min(Number(/(?:^|[,;\s])wait=(\d{1,6})\b/.exec(prefer ?? "")?.[1] ?? 0), WAIT_MAX_S);

export interface NewRun {
  kind: RunKind;
  job: Job;
  /** The task that it is asked for; absent where it stands alone. */
  taskId?: string;
  /** Whose it is; absent: the caller's. */
  userId?: string;
  /** Settings that the step reads, as in POST /tasks/. `file_path`: what it works on, as people see it. */
  settings: Omit<TaskBody, "user_id">;
}

/** What starting a run needs. */
export type RunContext = Pick<Context, "storage" | "temporal" | "watcher" | "index">;

/**
 * Starts a single step and answers 202 with where to look; where the request says `Prefer: wait=30`, 200 with the result when it is done in time.
 * Throws HttpProblem 422 where it was waited for and parks: it goes on after `POST /tasks/{run_id}/retry`.
 */
export async function startRun(request: FastifyRequest, reply: FastifyReply, { storage, temporal, watcher, index, ...run }: RunContext & NewRun) {
  const { userId: caller } = callerOf(request);
  const { kind, job, taskId, userId = caller } = run;
  const { "idempotency-key": key, prefer } = request.headers as { "idempotency-key"?: string; prefer?: string };
  const settings = settingsOf({ ...run.settings, user_id: userId });
  const claimed = key === undefined ? { taskId: makeId(), createdAt: new Date().toISOString(), ended: false } : await claimTask({ storage, userId: caller, key, body: { kind, job, settings } });
  const runId = claimed.taskId;
  request.tasks.add(runId);
  if (!claimed.ended) {
    await storage.createIfAbsent(taskKeys(runId).run, JSON.stringify({ kind } satisfies RunMark));
    await index.add({ id: runId, kind, owner: settings.user_id, people: settings.labeling.people ?? [] });
    await temporal.startRun({ taskId: runId, settings, createdAt: claimed.createdAt, run: { kind, task_id: taskId ?? null, job } });
  }
  const where = { task_id: taskId ?? runId, run_id: runId, status_url: `/status/${runId}` };
  void reply.header("location", where.status_url);
  for (const until = Date.now() + secondsToWait(prefer) * 1000; Date.now() < until; await sleep(LOOK_MS)) {
    const state = (await watcher.view(runId))?.state;
    const step = state?.steps[0];
    if (state?.status === "completed") return await reply.code(200).send({ ...where, result: step?.result ?? {} });
    if (step?.status === "parked") throw new HttpProblem({ status: 422, message: step.reason ?? "it cannot go on", whatToDo: `${step.what_to_do ?? "mend the cause"}; then POST /tasks/${runId}/retry` });
    if (state !== undefined && state.ended_at !== null) throw new HttpProblem({ status: 409, message: `it was ${state.status}`, whatToDo: `GET ${where.status_url} says more` });
  }
  return await reply.code(202).send(where);
}
