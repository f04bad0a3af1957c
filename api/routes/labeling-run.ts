import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { externalOf, isExternal } from "../../domain/labeling-tools.ts";
import { ID_PATTERN } from "../../domain/ids.ts";
import { TaskBody } from "../../domain/task.ts";
import { checkOwner, taskFor, type App, type Context } from "../context.ts";
import { checkPath } from "../file-path.ts";
import { RunDone, RunHeaders, RunStarted, startRun, type RunContext } from "../runs.ts";
import { answers } from "../schemas.ts";
import { checkKey } from "./video.ts";

const { user_id, project, classes, keypoints, skeleton, flip_idx, num_animals, labeling } = TaskBody.properties;
const Body = Type.Object(
  {
    folder_path: Type.String({ minLength: 1, maxLength: 4096, description: "A folder of .jpg or .png images of one size under an allowed root, or frames/{id}/ of a task or of POST /video/extract-frames." }),
    task_id: Type.Optional(Type.String({ pattern: ID_PATTERN, description: "The task that it is for, if any: its classes and keypoints are taken where none are given." })),
    user_id,
    project, classes, keypoints, skeleton, flip_idx, num_animals, labeling,
  },
  { additionalProperties: false },
);

/** A labeling on its own: frames from a folder are labeled, reviewed and approved as in a task, under the run's id. */
export function labelingRunRoutes(app: App, context: RunContext & Pick<Context, "allowedRoots" | "externalLabeling">): void {
  const { storage, allowedRoots } = context;

  async function checkFolder(request: Parameters<typeof checkKey>[0], path: string): Promise<string> {
    if (path.startsWith("/") || path.includes("://")) {
      await checkPath({ path, field: "folder_path", kind: "existing folder", allowedRoots });
      return path;
    }
    const such = "frames/{task_id}/";
    if (!path.startsWith("frames/")) throw new InputError({ field: "folder_path", message: `folder_path is ${path.slice(0, 200)}`, whatToDo: `give the absolute path of a folder under an allowed root, or ${such}` });
    await checkKey(request, context, { key: path, field: "folder_path", such });
    const folder = path.replace(/\/*$/, "/");
    if ((await storage.size(`${folder}frames.json`)) === null) throw new InputError({ field: "folder_path", message: `there are no frames under ${folder}`, whatToDo: "extract frames first", status: 404 });
    return folder;
  }

  app.post(
    "/labeling",
    { config: { policy: "user" }, schema: { tags: ["labeling"], summary: "Have the frames of a folder labeled and approved", body: Body, headers: RunHeaders, response: answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503) } },
    async (request, reply) => {
      const { folder_path: asked, task_id: taskId, user_id: userId, ...given } = request.body;
      checkOwner(request, userId);
      const folder = await checkFolder(request, asked);
      const tool = given.labeling?.tool ?? "builtin";
      if (isExternal(tool)) externalOf(context.externalLabeling, tool);
      const task = taskId === undefined ? null : (await taskFor(request, context, taskId)).state.settings;
      const of = task === null ? {} : { project: task.project, classes: task.classes, ...(task.num_animals === null ? {} : { num_animals: task.num_animals }) };
      // A skeleton and mirror pairs are of their keypoints: of other ones they mean nothing.
      const pose = task === null || given.keypoints !== undefined ? {} : { keypoints: task.keypoints, skeleton: task.skeleton, ...(task.flip_idx === null ? {} : { flip_idx: task.flip_idx }) };
      return await startRun(request, reply, { ...context, kind: "labeling", userId, ...(taskId === undefined ? {} : { taskId }), job: { do: "label" }, settings: { ...of, ...pose, ...given, file_path: folder } });
    },
  );
}
