import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { ID_PATTERN } from "../../domain/ids.ts";
import { GLOBAL_MODEL } from "../../domain/models.ts";
import type { ImportJob, Job } from "../../domain/runs.ts";
import { taskOrRunFor, type App, type Context } from "../context.ts";
import { checkPath } from "../file-path.ts";
import { checkNewName, modelFor, mustBeOwner } from "../models.ts";
import { RunDone, RunHeaders, RunStarted, startRun } from "../runs.ts";
import { answers } from "../schemas.ts";

const names = (description: string) => Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 60 }), { minItems: 1, maxItems: 100, uniqueItems: true, description }));
const Body = Type.Object(
  {
    file_path: Type.String({ minLength: 1, maxLength: 4096, description: "A .pt or .onnx file under an allowed root, or the key of one in data_storage: train_log/{task_id}/model.pt, models/{name}/{version}/model.onnx." }),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "global, or a new name. Absent: it is for the task task_id, under its id." })),
    task_id: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "The task in whose frames the model is tried; without a name, the one that it is for." })),
    imgsz: Type.Optional(Type.Integer({ minimum: 32, maximum: 4096, multipleOf: 32, description: "Of a .pt: longer side of the input. Default: as it was trained." })),
    classes: names("Where the file does not name its classes."),
    keypoints: names("Where the file does not name its keypoints."),
  },
  { additionalProperties: false },
);

/** A user brings a model. What can be seen of it at once is refused at once; the rest is checked by the run. */
export function modelImportRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index" | "models" | "allowedRoots">): void {
  const { storage, models, allowedRoots } = context;
  const response = answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503);

  /** A file that the caller may use: 400 for other places, 404 where nothing lies there, 422 for what is no model's file. */
  async function placeOf(request: FastifyRequest, path: string): Promise<ImportJob["file"]> {
    if (path.includes("://")) throw new InputError({ field: "file_path", message: "models are not fetched from the network", whatToDo: "give a path under an allowed root" });
    if (path.startsWith("/")) {
      await checkPath({ path, field: "file_path", kind: "file", allowedRoots });
      if (!/\.(pt|onnx)$/i.test(path)) throw new InputError({ field: "file_path", status: 422, message: `${path} is neither a .pt nor an .onnx file`, whatToDo: "give a model as Ultralytics saves it (.pt), or exported to ONNX (.onnx)" });
      return { path };
    }
    const [, ofTask] = /^train_log\/([0-9a-z]{12})\/(?:round-[0-9]+\/)?model\.(?:pt|onnx)$/.exec(path) ?? [];
    const [, ofModel] = /^models\/([0-9A-Za-z_-]+)\/[1-9][0-9]*\/model\.onnx$/.exec(path) ?? [];
    if (ofTask !== undefined) await taskOrRunFor(request, context, ofTask);
    else if (ofModel !== undefined) await modelFor(request, context, ofModel);
    else throw new InputError({ field: "file_path", message: `${path} is neither an absolute path nor a model's key`, whatToDo: "give an absolute path under an allowed root, train_log/{task_id}/model.pt, or models/{name}/{version}/model.onnx" });
    if ((await storage.size(path)) === null) throw new InputError({ field: "file_path", status: 404, message: `there is no model at ${path}`, whatToDo: "GET /models lists the models there are" });
    return { key: path };
  }

  app.post("/models", { config: { policy: "user" }, schema: { tags: ["models"], summary: "Bring a model: a .pt or .onnx file becomes a version", body: Body, headers: RunHeaders, response } }, async (request, reply) => {
    const { file_path: path, name: given, task_id: taskId, imgsz, classes, keypoints } = request.body;
    const name = given ?? taskId;
    if (name === undefined) throw new InputError({ field: "name", message: "neither a name nor a task_id is given", whatToDo: "give name (global, or a new one), or the task_id that the model is for" });
    const task = taskId === undefined ? null : await taskOrRunFor(request, context, taskId);
    if (name !== taskId && name !== GLOBAL_MODEL) checkNewName(name);
    mustBeOwner(request, name, await models.versions(name));
    const file = await placeOf(request, path);
    const common = {
      name,
      lineage: { imported: path.split("/").at(-1)!, ...(taskId === undefined ? {} : { task_id: taskId }) },
      names: { ...(classes === undefined ? {} : { classes }), ...(keypoints === undefined ? {} : { keypoints }) },
      ...(taskId === undefined ? {} : { framesOf: taskId }),
      ...(name === taskId && task !== null ? { by: task.state.user_id } : {}),
    };
    const job: Job = "key" in file && file.key.endsWith(".onnx") ? { do: "deploy", onnxKey: file.key, ...common } : { do: "import", file, ...common, ...(imgsz === undefined ? {} : { imgsz }) };
    return await startRun(request, reply, { ...context, kind: "deployment", job, ...(taskId === undefined ? {} : { taskId }), settings: { file_path: path } });
  });
}
