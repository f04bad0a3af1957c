import { InputError } from "../../domain/errors.ts";
import { makeId } from "../../domain/ids.ts";
import { isExternal } from "../../domain/labeling-tools.ts";
import { labelingApproved } from "../../workflows/messages.ts";
import { labelsFor, type App, type Context } from "../context.ts";
import { Claimed, TaskParams, answers } from "../schemas.ts";
import { refuseEndedMeanwhile, refuseUnlessWaiting } from "./approval.ts";

/** For the case that no webhook arrives: one look at the labeling tool, by a person or a cron. */
export function syncRoutes(app: App, context: Pick<Context, "temporal" | "watcher">): void {
  app.post(
    "/labeling/:task_id/sync",
    { config: { policy: "user" }, schema: { tags: ["labeling"], summary: "Read the labeling tool back now: where it says approved, training begins", params: TaskParams, response: answers({ 202: Claimed }, 401, 403, 404, 409, 413, 415, 503) } },
    async (request, reply) => {
      const view = await labelsFor(request, context, request.params.task_id);
      const { task_id: taskId, round, settings } = view.state;
      const { tool } = settings.labeling;
      if (!isExternal(tool)) throw new InputError({ field: "labeling.tool", message: "this task is labeled on our own page: there is no other tool to read", whatToDo: `approve on /label/${taskId}, or with POST /labeling/${taskId}/approve`, status: 409 });
      refuseUnlessWaiting(view);
      const claim = { claim_id: `sync-${makeId()}`, source: tool, round };
      if (!(await context.temporal.signal(taskId, labelingApproved, claim))) refuseEndedMeanwhile();
      return await reply.code(202).send({ claim_id: claim.claim_id });
    },
  );
}
