import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { canonicalJson, sha256Of } from "../../domain/hash.ts";
import { makeId } from "../../domain/ids.ts";
import { externalOf, isExternal } from "../../domain/labeling-tools.ts";
import { labelingApproved, labelingRejected } from "../../workflows/messages.ts";
import { labelsFor, refuseEnded, type App, type Context } from "../context.ts";
import { askTool } from "../labeling-overview.ts";
import { callerOf } from "../plugins/auth.ts";
import { Claimed, Comment, TaskParams, answers } from "../schemas.ts";
import type { TaskView } from "../views.ts";
import { waitsForLabels } from "./labeling.ts";

const ApproveBody = Type.Object({ allow_partial: Type.Optional(Type.Boolean({ description: "Leave out the frames that are not reviewed. Default: as the task's settings say." })) }, { additionalProperties: false });
const Approved = Type.Object({ snapshot_key: Type.String(), sha256: Type.String(), frames: Type.Integer({ description: "Reviewed frames: these train." }), left_out: Type.Array(Type.Integer(), { description: "Frames that were not reviewed." }) });
const RejectBody = Type.Object({ comments: Type.Array(Comment, { minItems: 1, maxItems: 5000 }) }, { additionalProperties: false });

export function refuseUnlessWaiting(view: TaskView): void {
  refuseEnded(view);
  if (waitsForLabels(view)) return;
  const { status } = view.state.steps.find(({ name }) => name === "labeling")!;
  const approved = status === "completed";
  throw new InputError({
    field: "task_id",
    message: approved ? "the labels of this task are approved already" : "this task does not wait for approval yet",
    whatToDo: approved ? "nothing needs to be done: the task goes on" : "wait until GET /labeling/{task_id} says `waiting: true`",
    status: 409,
  });
}

export function refuseEndedMeanwhile(): never {
  throw new InputError({ field: "task_id", message: "the task has ended meanwhile", whatToDo: "make a new task", status: 409 });
}

/** The two ends of a review. Neither needs a worker: the signal waits in Temporal. */
export function approvalRoutes(app: App, context: Pick<Context, "labeling" | "externalLabeling" | "temporal" | "watcher">): void {
  const { labeling, externalLabeling, temporal } = context;
  const common = { config: { policy: "user" as const } };
  const tags = ["labeling"];

  app.post(
    "/labeling/:task_id/approve",
    // No body at all approves as well.
    { ...common, preValidation: async (request) => void (request.body ??= {}), schema: { tags, summary: "Approve the labels: training begins", params: TaskParams, body: ApproveBody, response: answers({ 202: Type.Union([Approved, Claimed]) }, 400, 401, 403, 404, 409, 413, 415, 422, 503) } },
    async (request, reply) => {
      const view = await labelsFor(request, context, request.params.task_id);
      refuseUnlessWaiting(view);
      const { task_id: taskId, round, settings } = view.state;
      const allowPartial = request.body.allow_partial ?? settings.labeling.allow_partial;
      const { tool } = settings.labeling;
      if (isExternal(tool)) {
        externalOf(externalLabeling, tool);
        // What the tool holds when the workflow reads it is what is approved; a person's word replaces only the webhook that did not come.
        const claim = { claim_id: `person-${makeId()}`, source: tool, round, by: callerOf(request).userId, allow_partial: allowPartial };
        if (!(await temporal.signal(taskId, labelingApproved, claim))) refuseEndedMeanwhile();
        return await reply.code(202).send({ claim_id: claim.claim_id });
      }
      // First the snapshot, then the claim that names it: what is edited from here on is not part of it, whoever runs meanwhile.
      const { key, snapshot } = await labeling.snapshot({ taskId, round, by: callerOf(request).userId, allowPartial });
      const claim = { claim_id: `builtin-${snapshot.sha256.slice(0, 32)}`, source: "builtin", round, snapshot: { key, sha256: snapshot.sha256 } };
      if (!(await temporal.signal(taskId, labelingApproved, claim))) refuseEndedMeanwhile();
      return await reply.code(202).send({ snapshot_key: key, sha256: snapshot.sha256, frames: snapshot.frames.length, left_out: snapshot.left_out });
    },
  );

  app.post(
    "/labeling/:task_id/reject",
    { ...common, schema: { tags, summary: "Send frames back to the labelers", params: TaskParams, body: RejectBody, response: answers({ 202: Type.Object({}) }, 400, 401, 403, 404, 409, 413, 415, 503) } },
    async (request, reply) => {
      const view = await labelsFor(request, context, request.params.task_id);
      refuseUnlessWaiting(view);
      const { task_id: taskId, round, settings } = view.state;
      const { tool } = settings.labeling;
      const { comments } = request.body;
      const by = callerOf(request).userId;
      if (isExternal(tool)) await askTool(tool, () => externalOf(externalLabeling, tool).reject({ taskId, round, comments, by }));
      else await labeling.reject({ taskId, round, comments, by });
      const claimId = `reject-${sha256Of(canonicalJson([comments, by, new Date().toISOString()])).slice(0, 32)}`;
      if (!(await temporal.signal(taskId, labelingRejected, { claim_id: claimId, round, comments, by }))) refuseEndedMeanwhile();
      return await reply.code(202).send({});
    },
  );
}
