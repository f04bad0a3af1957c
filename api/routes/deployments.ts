import { Type } from "typebox";
import { createHash } from "node:crypto";
import { InputError } from "../../domain/errors.ts";
import { ID_PATTERN } from "../../domain/ids.ts";
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

export function deploymentRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher">): void {
  const { storage } = context;

  app.post(
    "/deployments",
    { config: { policy: "user" }, schema: { tags: ["models"], summary: "Put a trained model where it is served, as a new version", body: Body, headers: RunHeaders, response: answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503) } },
    async (request, reply) => {
      const { task_id: taskId, model_path: onnxKey } = request.body;
      const { state } = await taskOrRunFor(request, context, taskId);
      if (!new RegExp(`^train_log/${taskId}/(round-[0-9]+/)?model\\.onnx$`).test(onnxKey)) throw new InputError({ field: "model_path", message: `${onnxKey} is no ONNX file of ${taskId}`, whatToDo: `give train_log/${taskId}/model.onnx` });
      if ((await storage.size(onnxKey)) === null) throw new InputError({ field: "model_path", status: 404, message: `there is no model at ${onnxKey}`, whatToDo: "train first" });
      const sha256 = createHash("sha256").update(await storage.read(onnxKey)).digest("hex");
      return await startRun(request, reply, { ...context, kind: "deployment", taskId, job: { do: "deploy", name: taskId, onnxKey, sha256, lineage: { task_id: taskId } }, settings: { file_path: onnxKey, project: state.project } });
    },
  );
}
