import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { externalOf, isExternal } from "../../domain/labeling-tools.ts";
import { ID_PATTERN, makeId } from "../../domain/ids.ts";
import { settingsChanged, settingsOf } from "../../domain/settings.ts";
import { RetryBody, STEPS, TaskBody, type TaskSettings } from "../../domain/task.ts";
import { retry } from "../../workflows/messages.ts";
import { checkOwner, refuseEnded, statusFor, taskOrRunFor, type App, type Context } from "../context.ts";
import { checkPath } from "../file-path.ts";
import { claimTask } from "../idempotency.ts";
import { callerOf } from "../plugins/auth.ts";
import { HttpProblem } from "../problems.ts";
import { StatusAnswer, TASK_STATUS, TaskParams, TaskRow, answers } from "../schemas.ts";
import { createTaskList } from "../task-list.ts";

const Created = Type.Object({ task_id: Type.String(), status_url: Type.String(), labeling_url: Type.String() });
const Idempotency = Type.Object({ "idempotency-key": Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: "The same request with the same key is one task." })) });
const List = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    cursor: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "`next` of the page before" })),
    owner: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: "A user_id; of others only for admins." })),
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    step: Type.Optional(Type.Enum(STEPS, { description: "The step it is at, or was at last." })),
    state: Type.Optional(Type.Enum(TASK_STATUS)),
    kind: Type.Optional(Type.Enum(["task", "run", "all"], { default: "task", description: "Tasks, single steps that run on their own, or both." })),
  },
  { additionalProperties: false },
);
const Page = Type.Object({ tasks: Type.Array(TaskRow), next: Type.Union([Type.String(), Type.Null()], { description: "The cursor of the next page; null: this is the last one. With filters a page may be short, or even empty, and still have a next one." }) });

export function taskRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index" | "allowedRoots" | "externalLabeling">): void {
  const { storage, temporal, watcher, allowedRoots, index } = context;
  const list = createTaskList(context);
  const common = { config: { policy: "user" as const } };
  const tags = ["tasks"];

  async function checkPlaces(settings: Partial<TaskSettings>): Promise<void> {
    const tool = settings.labeling?.tool ?? "builtin";
    if (isExternal(tool)) externalOf(context.externalLabeling, tool);
    if (settings.file_path !== undefined) await checkPath({ path: settings.file_path, field: "file_path", kind: "file", allowedRoots });
    const base = settings.training?.base_model;
    if (base?.startsWith("/") === true) await checkPath({ path: base, field: "training.base_model", kind: "file", allowedRoots });
    for (const [i, { path }] of (settings.upload ?? []).entries()) await checkPath({ path, field: `upload[${i}].path`, kind: "folder", allowedRoots });
  }

  app.post(
    "/tasks/",
    { ...common, schema: { tags, summary: "Make a task of a video", body: TaskBody, headers: Idempotency, response: answers({ 201: Created }, 400, 401, 403, 404, 413, 415, 422, 503) } },
    async (request, reply) => {
      const caller = callerOf(request);
      checkOwner(request, request.body.user_id);
      const settings = settingsOf(request.body);
      await checkPlaces(settings);
      const key = request.headers["idempotency-key"];
      const claimed = key === undefined ? { taskId: makeId(), createdAt: new Date().toISOString(), ended: false } : await claimTask({ storage, userId: caller.userId, key, body: request.body });
      const { taskId, createdAt } = claimed;
      request.tasks.add(taskId);
      if (!claimed.ended) {
        // Listed first: whatever happens between the two, what runs is listed.
        await index.add({ id: taskId, kind: null, owner: settings.user_id, people: settings.labeling.people ?? [] });
        await temporal.start({ taskId, settings, createdAt });
        // With a key it may have begun long ago.
        if (key === undefined) watcher.began({ taskId, settings, createdAt });
      }
      void reply.code(201).header("location", `/status/${taskId}`);
      return { task_id: taskId, status_url: `/status/${taskId}`, labeling_url: `/label/${taskId}` };
    },
  );

  app.get("/tasks/", { ...common, schema: { tags, summary: "Tasks in pages, the newest first: your own and those that you may label, or everybody's for an admin", querystring: List, response: answers({ 200: Page }, 400, 401, 403, 503) } }, async (request) => {
    const { admin, userId } = callerOf(request);
    const { limit = 50, cursor = null, kind = "task", ...filters } = request.query;
    const { owner } = filters;
    if (!admin && owner !== undefined && owner !== userId) throw new HttpProblem({ status: 403, field: "owner", message: "only admins may list the tasks of others", whatToDo: `leave owner out, or give ${userId}` });
    return await list.page({ ...filters, user: admin ? (owner ?? null) : userId, limit, cursor, kind });
  });

  app.get("/status/:task_id", { ...common, schema: { tags, summary: "Every step's state and progress", params: TaskParams, response: answers({ 200: Type.Unsafe<object>(StatusAnswer) }, 401, 404, 503) } }, async (request) => {
    const { state, answeredBy } = await statusFor(request, context, request.params.task_id);
    return { ...state, answered_by: answeredBy };
  });

  app.post(
    "/tasks/:task_id/retry",
    { ...common, schema: { tags, summary: "A parked task goes on, with corrected settings if need be", params: TaskParams, body: RetryBody, response: answers({ 202: Type.Object({}) }, 400, 401, 403, 404, 409, 413, 415, 503) } },
    async (request, reply) => {
      const { step, settings: patch } = request.body;
      const view = await taskOrRunFor(request, context, request.params.task_id);
      refuseEnded(view);
      const parked = view.state.steps.find(({ status }) => status === "parked")?.name;
      if (parked === undefined) throw new InputError({ field: "step", message: `no step of the task is parked: it is ${view.state.status}`, whatToDo: "retry when a step is parked", status: 409 });
      if (view.state.run !== undefined ? step !== parked : STEPS.indexOf(step) > STEPS.indexOf(parked)) throw new InputError({ field: "step", message: `${step} has not been reached: the task is parked at ${parked}`, whatToDo: `retry ${parked}, or a step before it`, status: 409 });
      const settings = settingsChanged(view.state.settings, patch);
      await checkPlaces(settings);
      const { task_id: id, run, user_id: owner, settings: current } = view.state;
      const people = settings.labeling?.people;
      if (people !== undefined) await index.change({ id, kind: run?.kind ?? null, owner, people, before: current.labeling.people ?? [] });
      await temporal.signal(id, retry, { step, ...(patch === undefined ? {} : { settings }) });
      return await reply.code(202).send({});
    },
  );

  app.post("/tasks/:task_id/cancel", { ...common, schema: { tags, summary: "End the task; what it has made stays", params: TaskParams, response: answers({ 202: Type.Object({}) }, 401, 403, 404, 409, 413, 415, 503) } }, async (request, reply) => {
    const view = await taskOrRunFor(request, context, request.params.task_id);
    refuseEnded(view);
    await temporal.cancel(view.state.task_id);
    return await reply.code(202).send({});
  });

}
