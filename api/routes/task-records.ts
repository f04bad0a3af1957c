import { Type } from "typebox";
import { readJsonIfThere } from "../../adapters/storage/storage.ts";
import { InputError } from "../../domain/errors.ts";
import { ID_PATTERN } from "../../domain/ids.ts";
import { taskKeys } from "../../domain/layout.ts";
import type { TaskState } from "../../domain/state.ts";
import { taskOrRunFor, type App, type Context } from "../context.ts";
import { callerOf } from "../plugins/auth.ts";
import { TaskParams, Timeline, answers } from "../schemas.ts";
import { createTaskDeletion } from "../task-deletion.ts";

const Round = Type.Object({ round: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "An earlier round; default: the newest." })) }, { additionalProperties: false });
const TimelineAnswer = Type.Object({ task_id: Type.String(), round: Type.Integer(), timeline: Timeline });
const Page = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
    cursor: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "`next` of the page before" })),
  },
  { additionalProperties: false },
);
const Requests = Type.Object({
  requests: Type.Array(
    Type.Object({
      id: Type.String(),
      at: Type.String({ description: "ISO 8601, UTC" }),
      user: Type.Union([Type.String(), Type.Null()], { description: "null: a labeling tool, known by its signature." }),
      method: Type.String(),
      path: Type.String(),
      status: Type.Integer(),
      ms: Type.Integer({ description: "How long it took, milliseconds; of several, the longest." }),
      request_id: Type.String({ description: "As in the API's log." }),
      error: Type.Optional(Type.String({ description: "What was wrong with it." })),
      times: Type.Optional(Type.Integer({ description: "The same read came so often, until last_at." })),
      last_at: Type.Optional(Type.String()),
    }),
  ),
  next: Type.Union([Type.String(), Type.Null()], { description: "The cursor of the next page; null: this is the last one." }),
});
const Deleted = Type.Object({
  task_id: Type.String(),
  deleted: Type.Integer({ description: "How many files went; 0: there were none left." }),
  deleted_at: Type.String({ description: "ISO 8601, UTC" }),
});

/** What is kept about a task or a single step, and its deletion: for its owner and admins. */
export function taskRecordRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index" | "requests">): void {
  const { storage, watcher, requests } = context;
  const common = { config: { policy: "user" as const } };
  const tags = ["tasks"];
  const deleteTask = createTaskDeletion(context);

  app.delete("/tasks/:task_id", { ...common, schema: { tags, summary: "Delete all that a task has made; its record stays. Repeat it where it was interrupted", params: TaskParams, response: answers({ 200: Deleted }, 401, 403, 404, 409, 503) } }, async (request) => {
    const { task_id: taskId } = request.params;
    // What was remembered of it may be older than its newest round.
    watcher.forget(taskId);
    const view = await taskOrRunFor(request, context, taskId);
    const { userId: by } = callerOf(request);
    const answer = await deleteTask(view, by);
    request.log.info({ ...answer, by, owner: view.state.user_id }, "task deleted");
    return answer;
  });

  app.get("/tasks/:task_id/timeline", { ...common, schema: { tags, summary: "What happened, and when", params: TaskParams, querystring: Round, response: answers({ 200: Type.Unsafe<object>(TimelineAnswer) }, 400, 401, 404, 503) } }, async (request) => {
    const { state } = await taskOrRunFor(request, context, request.params.task_id);
    const { task_id: taskId, round } = state;
    const { round: asked = round } = request.query;
    const of = asked === round ? state : await readJsonIfThere<TaskState>(storage, taskKeys(taskId).recordOf(asked));
    if (of === null) throw new InputError({ field: "round", message: `there is no round ${asked}`, whatToDo: `give a round from 1 to ${round}`, status: 404 });
    return { task_id: taskId, round: asked, timeline: of.timeline };
  });

  app.get("/tasks/:task_id/requests", { ...common, schema: { tags, summary: "Who asked what of the task, how long it took and how it ended, the newest first", params: TaskParams, querystring: Page, response: answers({ 200: Requests }, 400, 401, 404, 503) } }, async (request) => {
    const { state } = await taskOrRunFor(request, context, request.params.task_id);
    const { limit = 100, cursor = null } = request.query;
    return await requests.page({ taskId: state.task_id, limit, after: cursor });
  });
}
