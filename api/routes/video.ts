import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { TaskBody } from "../../domain/task.ts";
import { taskOrRunFor, type App, type Context } from "../context.ts";
import { checkPath } from "../file-path.ts";
import { RunDone, RunHeaders, RunStarted, startRun, type RunContext } from "../runs.ts";
import { answers } from "../schemas.ts";

const closed = { additionalProperties: false } as const;
const path = (description: string) => Type.String({ minLength: 1, maxLength: 4096, description });
const video = path("A video: a path under an allowed root, or an http(s) URL.");
const { project } = TaskBody.properties;

const DownloadBody = Type.Object({ file_path: video, download_path: path("The folder under an allowed root into which it is put."), project }, closed);
const FramesBody = Type.Object({ file_path: video, num_frames: TaskBody.properties.num_frames, project }, closed);
const UploadBody = Type.Object({ file_path: path("A path under an allowed root, or a key of data_storage such as inference_results/{task_id}/result.json."), upload_path: path("The folder under an allowed root into which it is put."), project }, closed);

/** Keys that have an owner: those of a task's data. */
const DATA_KEY = /^(?:videos|frames|labels|train_log|inference_results)\/([0-9a-z]{12})(?:\/[0-9A-Za-z_-][0-9A-Za-z._-]*)*\/?$/;

/** The task whose data `key` is of, where the caller may see it. Throws InputError: 400 no such key can be, 404 unknown or another's task. */
export async function checkKey(request: FastifyRequest, context: Pick<Context, "watcher">, { key, field, such }: { key: string; field: string; such: string }) {
  const of = DATA_KEY.exec(key)?.[1];
  if (of === undefined) throw new InputError({ field, message: `${field} is ${key.slice(0, 200)}`, whatToDo: `give an absolute path under an allowed root, or a key of data_storage such as ${such}` });
  return await taskOrRunFor(request, context, of);
}

/** The pipeline's steps for videos, each on its own. */
export function videoRoutes(app: App, context: RunContext & Pick<Context, "allowedRoots">): void {
  const { storage, allowedRoots } = context;
  const common = { config: { policy: "user" as const } };
  const schema = { tags: ["video"], headers: RunHeaders, response: answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503) };
  const withProject = (of: string | undefined) => (of === undefined ? {} : { project: of });

  app.post("/video/download", { ...common, schema: { ...schema, summary: "Fetch a video into storage, and into a folder", body: DownloadBody } }, async (request, reply) => {
    const { file_path: filePath, download_path: to, project: of } = request.body;
    await checkPath({ path: filePath, field: "file_path", kind: "file", allowedRoots });
    await checkPath({ path: to, field: "download_path", kind: "folder", allowedRoots });
    return await startRun(request, reply, { ...context, kind: "download", job: { do: "download" }, settings: { file_path: filePath, upload: [{ path: to }], ...withProject(of) } });
  });

  app.post("/video/extract-frames", { ...common, schema: { ...schema, summary: "Take frames out of a video, spread evenly over it", body: FramesBody } }, async (request, reply) => {
    const { file_path: filePath, num_frames: numFrames, project: of } = request.body;
    await checkPath({ path: filePath, field: "file_path", kind: "file", allowedRoots });
    return await startRun(request, reply, { ...context, kind: "frames", job: { do: "frames" }, settings: { file_path: filePath, ...(numFrames === undefined ? {} : { num_frames: numFrames }), ...withProject(of) } });
  });

  app.post("/video/upload", { ...common, schema: { ...schema, summary: "Copy a file into a folder", body: UploadBody } }, async (request, reply) => {
    const { file_path: from, upload_path: to, project: of } = request.body;
    if (from.startsWith("/")) await checkPath({ path: from, field: "file_path", kind: "file", allowedRoots });
    else {
      await checkKey(request, context, { key: from, field: "file_path", such: "inference_results/{task_id}/result.json" });
      if ((await storage.size(from)) === null) throw new InputError({ field: "file_path", message: `there is no ${from}`, whatToDo: "GET /tasks/{task_id}/results lists what there is", status: 404 });
    }
    await checkPath({ path: to, field: "upload_path", kind: "folder", allowedRoots });
    return await startRun(request, reply, { ...context, kind: "upload", job: { do: "upload" }, settings: { file_path: from, upload: [{ path: to }], ...withProject(of) } });
  });
}
