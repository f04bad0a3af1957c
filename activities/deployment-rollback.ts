import { InputError } from "../domain/errors.ts";
import { isModelName, pointerBack } from "../domain/models.ts";
import type { RollBackInput, RollBackOutput } from "../domain/steps.ts";
import type { Deps } from "./deps.ts";
import { loadedVersions, serveVersions } from "./models/what-serves.ts";
import { longStep } from "./step-context.ts";

/** Another version of a model answers again. */
export function createRollBackStep(deps: Pick<Deps, "storage" | "serving" | "models">) {
  const { serving, models } = deps;
  return {
    /** The one before, or the one that is named (`taskId`: the run_id). It is loaded first, so that no request waits or fails. The same rollback tried again changes nothing more. */
    rollBackModel: (input: RollBackInput): Promise<RollBackOutput> =>
      longStep(async (context) => {
        const { name } = input;
        if (!isModelName(name)) throw unknown(name);
        const mustOwn = await models.beginChange(name);
        const { pointer, deployed } = await models.versions(name);
        if (pointer === null) throw unknown(name);
        // An earlier attempt of this very rollback got so far.
        const isDone = pointer.change_id === input.taskId;
        const change = { changed_at: new Date().toISOString(), by: input.by, why: input.why ?? "rolled back", change_id: input.taskId };
        const next = isDone ? pointer : pointerBack(pointer, deployed, change, input.version);
        if (next === null) {
          const asked = input.version === undefined ? `there is no version of ${name} before ${pointer.version}` : `there is no version ${input.version} of ${name} that can serve`;
          throw new InputError({ field: "version", status: 409, message: asked, whatToDo: `GET /models/${name} lists its versions.` });
        }
        context.report({ done: 0, total: null, unit: "steps", message: `loading ${name}@${next.version}` });
        await serving.load({ name, version: next.version });
        await mustOwn();
        await models.point(name, next);
        const versions = loadedVersions(next);
        await serveVersions(deps, { name, versions }).catch(async (error: unknown) => {
          if (error instanceof Error && error.name === "ServingError") throw error;
          // The version that is left cannot be loaded any more: it may be why somebody rolls back.
          await serveVersions(deps, { name, versions: versions.filter((version) => version !== next.left) });
        });
        const model = { name, version: next.version };
        context.log("model rolled back", { from: `${name}@${pointer.version}`, to: `${name}@${next.version}` });
        return { model, endpoint: serving.endpointOf(model) };
      }),
  };
}

const unknown = (name: string): InputError => new InputError({ field: "name", status: 404, message: `there is no model named "${name}"`, whatToDo: "GET /models lists the models there are." });
