import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { modelKeys } from "../../domain/layout.ts";
import { MODEL_NAME_PATTERN } from "../../domain/models.ts";
import { OUTPUTS } from "../../domain/outputs.ts";
import { InferenceSettings, TaskBody } from "../../domain/task.ts";
import type { App, Context } from "../context.ts";
import { checkPath } from "../file-path.ts";
import { modelFor } from "../models.ts";
import { RunDone, RunHeaders, RunStarted, startRun } from "../runs.ts";
import { answers } from "../schemas.ts";
import { refuseInvalid } from "../validation.ts";

/** Of the labels there are none: nobody labeled this video. */
const RUN_OUTPUTS = OUTPUTS.filter((output) => output !== "labels");

const Params = Type.Object({ name: Type.String({ pattern: MODEL_NAME_PATTERN, description: "A task's id, global, or a name that a person gave." }) });
const Body = Type.Object(
  {
    data_path: Type.String({ minLength: 1, maxLength: 4096, description: "A video: a path under an allowed root, or an http(s) URL." }),
    ...InferenceSettings.properties,
    num_animals: TaskBody.properties.num_animals,
    outputs: Type.Optional(Type.Array(Type.Enum(RUN_OUTPUTS), { uniqueItems: true, default: RUN_OUTPUTS })),
    version: Type.Optional(Type.Integer({ minimum: 1, description: "Of the model; default: the one that answers." })),
    task: Type.Optional(Type.Enum(["detect", "pose"], { description: "What the model must be able to do: it is refused where it cannot." })),
    project: TaskBody.properties.project,
  },
  { additionalProperties: false },
);
const PARAMETERS = new RegExp(`^(${[...Object.keys(InferenceSettings.properties), "num_animals", "outputs", "version", "task"].join("|")})\\b`);

/** A model over a video that it was not trained for, or for which no task is wanted: a single step with results of its own. */
export function inferenceRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index" | "models" | "allowedRoots">): void {
  app.post(
    "/models/:name/inference",
    {
      config: { policy: "user" },
      attachValidation: true,
      schema: { tags: ["models"], summary: "Run a model over a whole video; results under /tasks/{run_id}/results", params: Params, body: Body, headers: RunHeaders, response: answers({ 200: RunDone, 202: RunStarted }, 400, 401, 404, 409, 413, 415, 422, 503) },
    },
    async (request, reply) => {
      refuseInvalid(request, PARAMETERS);
      const { name } = request.params;
      const { data_path: filePath, num_animals: numAnimals, outputs = RUN_OUTPUTS, version: asked, task, project, ...inference } = request.body;
      const { deployed, cards, pointer } = await modelFor(request, context, name);
      const version = asked ?? pointer?.version;
      if (version === undefined || !deployed.includes(version)) throw new InputError({ field: asked === undefined ? "name" : "version", status: 404, message: `there is no version ${version ?? ""} of ${name} that can serve`, whatToDo: `GET /models/${name} lists its versions` });
      const card = cards.get(version);
      if (task !== undefined && card?.task !== undefined && card.task !== task) throw new InputError({ field: "task", status: 422, message: `${name}@${version} is a model for ${card.task}, not for ${task}`, whatToDo: "name another model; GET /models says what each can do" });
      await checkPath({ path: filePath, field: "data_path", kind: "file", allowedRoots: context.allowedRoots });
      return await startRun(request, reply, {
        ...context,
        kind: "inference",
        job: { do: "infer", filePath, model: { name, version }, modelPath: modelKeys(name).onnx(version) },
        settings: {
          file_path: filePath,
          inference,
          outputs,
          ...(project === undefined ? {} : { project }),
          ...(numAnimals === undefined ? {} : { num_animals: numAnimals }),
          ...(card?.classes === undefined || card.classes.length === 0 ? {} : { classes: card.classes }),
          ...(card?.keypoints === undefined ? {} : { keypoints: card.keypoints }),
        },
      });
    },
  );
}
