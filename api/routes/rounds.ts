import { Type } from "typebox";
import { readJsonIfThere } from "../../adapters/storage/storage.ts";
import { InputError } from "../../domain/errors.ts";
import { externalOf, isExternal } from "../../domain/labeling-tools.ts";
import { taskKeys } from "../../domain/layout.ts";
import type { TaskState } from "../../domain/state.ts";
import { refuseDeleted, taskFor, type App, type Context } from "../context.ts";
import { TaskParams, answers } from "../schemas.ts";

const Opened = Type.Object({ task_id: Type.String(), round: Type.Integer(), before: Type.Integer({ description: "The round whose labels are the start." }), status_url: Type.String() });

/** The newest round that came to its end; null where none did. */
const lastCompleted = ({ status, round, rounds = [] }: TaskState): number | null => (status === "completed" ? round : (rounds.findLast((earlier) => earlier.status === "completed")?.round ?? null));

/** Labels of a task that has ended are taken up again: trained anew, deployed as the next version, with results of their own. */
export function roundRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "externalLabeling">): void {
  const { storage, temporal, watcher, externalLabeling } = context;
  app.post(
    "/labeling/:task_id/rounds",
    { config: { policy: "user" }, schema: { tags: ["labeling"], summary: "Open a new round of a task that has ended, beginning with its labels", params: TaskParams, response: answers({ 201: Opened }, 401, 403, 404, 409, 413, 415, 503) } },
    async (request, reply) => {
      const view = await taskFor(request, context, request.params.task_id);
      const { task_id: taskId } = view.state;
      const refuse = (message: string, whatToDo: string): never => {
        throw new InputError({ field: "task_id", message, whatToDo, status: 409 });
      };
      if (!view.ended) refuse(`round ${view.state.round} of this task is not over`, "wait until it is completed, or cancel it");
      const record = await readJsonIfThere<TaskState>(storage, taskKeys(taskId).record);
      if (record !== null) refuseDeleted(record);
      const before = record === null ? null : lastCompleted(record);
      if (record === null || before === null) return refuse("no round of this task was completed: there is nothing to begin with", "make a new task of the video");
      const { tool } = record.settings.labeling;
      if (isExternal(tool)) externalOf(externalLabeling, tool);
      const round = record.round + 1;
      await temporal.start({ taskId, settings: record.settings, createdAt: record.created_at, opens: { round, before } });
      watcher.forget(taskId);
      return await reply.code(201).send({ task_id: taskId, round, before, status_url: `/status/${taskId}` });
    },
  );
}
