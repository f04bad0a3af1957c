import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { frameKeys, labelingTitle } from "../../domain/layout.ts";
import { labelsFor, refuseEnded, type App, type Context } from "../context.ts";
import { callerOf } from "../plugins/auth.ts";
import { problemOf, sendProblem } from "../problems.ts";
import { FrameEdit, FrameLabelsSchema, FrameParams, ProblemSchema, TaskParams, answers, file } from "../schemas.ts";
import { createOverview } from "../labeling-overview.ts";
import { sendFile } from "../send-file.ts";
import { THUMBNAIL, thumbnailOf } from "../thumbnail.ts";
import type { TaskView } from "../views.ts";

const Overview = Type.Object({
  task_id: Type.String({ description: "Of a labeling on its own: its run_id." }),
  round: Type.Integer(),
  status: Type.Union([Type.Literal("IN_PROGRESS"), Type.Literal("COMPLETED")], { description: "COMPLETED only when a reviewer has approved the labels." }),
  frames: Type.Integer(),
  reviewed: Type.Integer(),
  prelabeled: Type.Integer(),
  objects: Type.Integer(),
  done: Type.Number({ description: "Share of the frames that are reviewed, 0 to 1." }),
  title: Type.String(),
  tool: Type.String(),
  url: Type.String({ description: "Where people label." }),
  waiting: Type.Boolean({ description: "The task waits for approval." }),
  reopened: Type.Boolean({ description: "Labels that were approved are open again in the labeling tool: POST /labeling/{task_id}/rounds takes them up." }),
});

const FrameRow = Type.Intersect([Type.Pick(FrameLabelsSchema, ["frame", "time", "status", "version", "comment", "updated_by"]), Type.Object({ objects: Type.Integer() })]);
const Frames = Type.Object({
  task_id: Type.String(),
  round: Type.Integer(),
  title: Type.String(),
  classes: Type.Array(Type.String()),
  keypoints: Type.Array(Type.String()),
  skeleton: Type.Array(Type.Array(Type.Integer())),
  num_animals: Type.Union([Type.Integer(), Type.Null()]),
  reviewer_not_labeler: Type.Boolean({ description: "Who approves must not have labeled." }),
  waiting: Type.Boolean(),
  frames: Type.Array(FrameRow),
});
const ImageQuery = Type.Object({ width: Type.Optional(Type.Integer({ minimum: THUMBNAIL.least, maximum: THUMBNAIL.most, description: "Smaller, for a filmstrip; pixels." })) }, { additionalProperties: false });

const labelingStep = ({ state }: TaskView) => state.steps.find(({ name }) => name === "labeling");
export const waitsForLabels = (view: TaskView): boolean => !view.ended && labelingStep(view)?.status === "waiting";

/** A run's own, or the pipeline's; where that has not come so far, the newest single labeling that was asked for the task. */
async function labelingFor(request: FastifyRequest, context: Pick<Context, "watcher" | "temporal">, id: string): Promise<TaskView> {
  const view = await labelsFor(request, context, id);
  const isEarly = view.state.run === undefined && labelingStep(view)?.status === "pending";
  const runId = isEarly ? await context.temporal.newestRun({ taskId: id, kind: "labeling" }) : null;
  return runId === null ? view : await labelsFor(request, context, runId);
}

/** The labels: what the labeling page reads and saves. */
export function labelingRoutes(app: App, context: Pick<Context, "storage" | "labeling" | "externalLabeling" | "temporal" | "watcher">): void {
  const { storage, labeling } = context;
  const overview = createOverview(context);
  const common = { config: { policy: "user" as const } };
  const tags = ["labeling"];

  app.get("/labeling/:task_id", { ...common, schema: { tags, summary: "How much is labeled", params: TaskParams, response: answers({ 200: Overview }, 401, 404, 503) } }, async (request) => {
    const view = await labelingFor(request, context, request.params.task_id);
    const { task_id: taskId, round, settings } = view.state;
    const completed = labelingStep(view)?.status === "completed";
    const { counts, url } = await overview.standing(view);
    return {
      task_id: taskId,
      round,
      status: completed ? ("COMPLETED" as const) : ("IN_PROGRESS" as const),
      ...counts,
      done: counts.frames === 0 ? 0 : counts.reviewed / counts.frames,
      title: labelingTitle(settings, taskId),
      tool: settings.labeling.tool,
      url,
      waiting: waitsForLabels(view),
      reopened: await overview.isReopened(view),
    };
  });

  app.get("/labeling/:task_id/frames", { ...common, schema: { tags, summary: "The frames to label", params: TaskParams, response: answers({ 200: Type.Unsafe<object>(Frames) }, 401, 404, 409, 503) } }, async (request) => {
    const view = await labelsFor(request, context, request.params.task_id);
    const { task_id: taskId, round, settings } = view.state;
    const { classes, keypoints, skeleton, num_animals, labeling: rules } = settings;
    const frames = await labeling.read({ taskId, round });
    return {
      task_id: taskId,
      round,
      title: labelingTitle(settings, taskId),
      classes,
      keypoints,
      skeleton,
      num_animals,
      reviewer_not_labeler: rules.reviewer_not_labeler,
      waiting: waitsForLabels(view),
      frames: frames.map(({ frame, time, status, version, objects, comment, updated_by }) => ({ frame, time, status, version, objects: objects.length, ...(comment === undefined ? {} : { comment }), updated_by })),
    };
  });

  app.get("/labeling/:task_id/frames/:frame", { ...common, schema: { tags, summary: "One frame's labels", params: FrameParams, response: answers({ 200: Type.Unsafe<object>(FrameLabelsSchema) }, 401, 404, 409, 503) } }, async (request) => {
    const { state } = await labelsFor(request, context, request.params.task_id);
    return await labeling.frame({ taskId: state.task_id, round: state.round, frame: request.params.frame });
  });

  app.put(
    "/labeling/:task_id/frames/:frame",
    {
      ...common,
      schema: {
        tags,
        summary: "Save one frame's labels as its next version",
        params: FrameParams,
        body: FrameEdit,
        response: {
          ...answers({ 200: Type.Unsafe<object>(FrameLabelsSchema) }, 400, 401, 403, 404, 413, 415, 503),
          409: { description: "somebody saved first: `current` is what holds now; or the task has ended", content: { "application/problem+json": { schema: Type.Intersect([ProblemSchema, Type.Object({ current: Type.Optional(FrameLabelsSchema) })]) } } },
        },
      },
    },
    async (request, reply) => {
      const view = await labelsFor(request, context, request.params.task_id);
      refuseEnded(view);
      const of = { taskId: view.state.task_id, round: view.state.round, frame: request.params.frame };
      const { version, reviewed, objects } = request.body;
      try {
        return await labeling.save({ ...of, basedOn: version, reviewed, objects, by: callerOf(request).userId });
      } catch (error) {
        if (!(error instanceof InputError && error.status === 409)) throw error;
        return await sendProblem(reply, { ...problemOf(error), current: await labeling.frame(of) } as ReturnType<typeof problemOf>);
      }
    },
  );

  app.get("/labeling/:task_id/frames/:frame/image", { ...common, schema: { tags, summary: "The frame itself", params: FrameParams, querystring: ImageQuery, response: answers({ 200: file("image/jpeg"), 206: file("image/jpeg") }, 400, 401, 404, 416, 503) } }, async (request, reply) => {
    const { state } = await labelsFor(request, context, request.params.task_id);
    const key = frameKeys(state.task_id, state.round).image(request.params.frame);
    const cache = "private, max-age=300";
    const { width } = request.query;
    const small = width === undefined || (await storage.size(key)) === null ? null : await thumbnailOf({ storage, key, width });
    if (small !== null) return await reply.type("image/jpeg").header("cache-control", cache).send(small);
    return await sendFile(request, reply, { storage, key, cache });
  });
}
