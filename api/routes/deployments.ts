import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { ID_PATTERN } from "../../domain/ids.ts";
import { trainKeys } from "../../domain/layout.ts";
import type { DeployOutput } from "../../domain/steps.ts";
import type { Job } from "../../domain/runs.ts";
import { taskOrRunFor, type App, type Context } from "../context.ts";
import { RunDone, RunHeaders, RunStarted, startRun } from "../runs.ts";
import { answers } from "../schemas.ts";

const Body = Type.Object(
  {
    task_id: Type.String({ pattern: ID_PATTERN, description: "The task (or training) whose model it is; also the model's name." }),
    model_path: Type.String({ minLength: 1, maxLength: 500, description: "The key of its ONNX file in data_storage: train_log/{task_id}/model.onnx" }),
  },
  { additionalProperties: false },
);

/** A task's own deployments: {task_id}-{round}-{12 digits of the file's hash}; others: the run_id. */
const Params = Type.Object({ deployment_id: Type.String({ pattern: "^[0-9a-z]{12}(-[0-9]+-[0-9a-f]{12})?$" }) });
const ID_LENGTH = 12;
const text = Type.Union([Type.String(), Type.Null()]);
const Deployment = Type.Object({
  deployment_id: Type.String(),
  task_id: Type.String(),
  status: Type.String(),
  model: Type.Union([Type.Object({ name: Type.String(), version: Type.Integer() }), Type.Null()]),
  endpoint: text,
  parity: Type.Array(Type.Object({}), { description: "What was compared before it served, and how far the two sides were apart." }),
  reason: text,
  what_to_do: text,
  started_at: text,
  ended_at: text,
});

export function deploymentRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index">): void {
  const { storage } = context;

  app.post(
    "/deployments",
    { config: { policy: "user" }, schema: { tags: ["models"], summary: "Put a trained model where it is served, as a new version", body: Body, headers: RunHeaders, response: answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503) } },
    async (request, reply) => {
      const { task_id: taskId, model_path: onnxKey } = request.body;
      const { state } = await taskOrRunFor(request, context, taskId);
      if (!new RegExp(`^train_log/${taskId}/(round-[0-9]+/)?model\\.onnx$`).test(onnxKey)) throw new InputError({ field: "model_path", message: `${onnxKey} is no ONNX file of ${taskId}`, whatToDo: `give train_log/${taskId}/model.onnx` });
      if ((await storage.size(onnxKey)) === null) throw new InputError({ field: "model_path", status: 404, message: `there is no model at ${onnxKey}`, whatToDo: "train first" });
      const round = Number(/round-([0-9]+)/.exec(onnxKey)?.[1] ?? 1);
      const { referenceJson, manifest } = trainKeys(taskId, round);
      const trained = state.round === round ? state.steps.find(({ name }) => name === "training")?.result : null;
      const { classes, keypoints, training } = state.settings;
      const lineage = { task_id: taskId, round, manifest, settings: training, ...(trained?.["metrics"] === undefined ? {} : { base_model: trained["base"], epochs: trained["epochs"], imgsz: trained["imgsz"], metrics: trained["metrics"] }) };
      const referenceKey = (await storage.size(referenceJson)) === null ? null : referenceJson;
      const job: Job = { do: "deploy", name: taskId, onnxKey, lineage, referenceKey, framesOf: taskId, names: { classes, keypoints }, by: state.user_id };
      return await startRun(request, reply, { ...context, kind: "deployment", taskId, job, settings: { file_path: onnxKey, project: state.project } });
    },
  );

  app.get("/deployments/:deployment_id", { config: { policy: "user" }, schema: { tags: ["models"], summary: "How a deployment goes: a run_id of POST /deployments, or a task's deployment_id", params: Params, response: answers({ 200: Deployment }, 400, 401, 404, 503) } }, async (request) => {
    const id = request.params.deployment_id;
    const { state } = await taskOrRunFor(request, context, id.slice(0, ID_LENGTH));
    const step = state.steps.find(({ name }) => name === "deployment");
    const asked = state.timeline.findLast(({ event, data }) => event === "model.deployment.requested" && (data as { deployment_id: string }).deployment_id === id);
    if (step === undefined || (state.run === undefined && asked === undefined)) throw new InputError({ field: "deployment_id", message: `there is no deployment ${id}`, whatToDo: "GET /models lists what is deployed", status: 404 });
    const { model, endpoint, parity } = (step.result ?? {}) as Partial<DeployOutput>;
    return { deployment_id: id, task_id: state.run?.task_id ?? state.task_id, status: step.status, model: model ?? null, endpoint: endpoint ?? null, parity: parity ?? [], reason: step.reason, what_to_do: step.what_to_do, started_at: step.started_at, ended_at: step.ended_at };
  });
}
