import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BuiltinLabeling, ExternalTools } from "../adapters/labeling/labeling.ts";
import type { ModelRegistry } from "../adapters/models/registry.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import type { TaskState } from "../domain/state.ts";
import type { KeyStore } from "./keys.ts";
import { callerOf } from "./plugins/auth.ts";
import type { Sessions } from "./session.ts";
import type { TaskIndex } from "./task-index.ts";
import type { TaskRequests } from "./task-requests.ts";
import type { TemporalGateway } from "./temporal.ts";
import type { TaskView } from "./views.ts";
import type { Watcher } from "./watcher.ts";

/** What the routes need. */
export interface Context {
  storage: Storage;
  models: ModelRegistry;
  labeling: BuiltinLabeling;
  externalLabeling: ExternalTools;
  temporal: TemporalGateway;
  index: TaskIndex;
  requests: TaskRequests;
  watcher: Watcher;
  keys: KeyStore;
  sessions: Sessions;
  /** Folders under which a file_path or an upload's path may lie. */
  allowedRoots: string[];
  version: string;
}

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

/** What a caller wants with a task: its labels are also for those whom its owner has named, everything else is not. */
export type Purpose = "own" | "label";

/** The task, where the caller may see it. Another user's task is as unknown as one that never was: 404. */
export async function taskFor(request: FastifyRequest, context: Pick<Context, "watcher">, taskId: string, purpose: Purpose = "own"): Promise<TaskView> {
  return refuseRun(await taskOrRunFor(request, context, taskId, purpose));
}

function refuseRun(view: TaskView): TaskView {
  const { run, task_id: taskId } = view.state;
  if (run === undefined) return view;
  throw new InputError({ field: "task_id", message: `${taskId} is a single step (${run.kind}), not a task`, whatToDo: `GET /status/${taskId} says how it is`, status: 404 });
}

/** A task, or a labeling that runs on its own: for those who may label it. */
export async function labelsFor(request: FastifyRequest, context: Pick<Context, "watcher">, taskId: string): Promise<TaskView> {
  const view = await taskOrRunFor(request, context, taskId, "label");
  return view.state.run?.kind === "labeling" ? view : refuseRun(view);
}

/** The same as a task's, and single steps that run on their own, by their run_id. */
export async function taskOrRunFor(request: FastifyRequest, { watcher }: Pick<Context, "watcher">, taskId: string, purpose: Purpose = "own"): Promise<TaskView> {
  return allowed(request, await watcher.view(taskId), taskId, purpose);
}

/** How it is, for those who may label it, without a long wait: see the watcher's `glance`. */
export async function statusFor(request: FastifyRequest, { watcher }: Pick<Context, "watcher">, taskId: string): Promise<TaskView> {
  return allowed(request, await watcher.glance(taskId), taskId, "label");
}

function allowed(request: FastifyRequest, view: TaskView | null, taskId: string, purpose: Purpose): TaskView {
  const { admin, userId } = callerOf(request);
  if (view !== null) request.tasks.add(taskId);
  const isOf = (): boolean => view?.state.user_id === userId || (purpose === "label" && view?.state.settings.labeling?.people?.includes(userId) === true);
  if (view === null || !(admin || isOf())) {
    throw new InputError({ field: "task_id", message: `there is no task ${taskId}`, whatToDo: "GET /tasks/ lists the tasks there are", status: 404 });
  }
  return view;
}

/** 403 where a user makes something for another one and is no admin. */
export function checkOwner(request: FastifyRequest, userId: string): void {
  const caller = callerOf(request);
  if (caller.via === "off" || caller.admin || caller.userId === userId) return;
  throw new InputError({ field: "user_id", message: `you are ${caller.userId} and cannot make tasks for ${userId}`, whatToDo: `give user_id ${caller.userId}`, status: 403 });
}

/** 409 where nothing can be changed any more. */
export function refuseEnded({ state, ended }: TaskView): void {
  if (ended) throw new InputError({ field: "task_id", message: `task ${state.task_id} has ended (${state.status})`, whatToDo: "make a new task", status: 409 });
}

/** 409 where its data were deleted. */
export function refuseDeleted({ task_id: taskId, deleted_at: deletedAt }: TaskState): void {
  if (deletedAt !== undefined) throw new InputError({ field: "task_id", message: `the data of ${taskId} were deleted (${deletedAt})`, whatToDo: "make a new task of the video", status: 409 });
}
