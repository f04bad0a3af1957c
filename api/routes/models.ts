import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { modelKeys } from "../../domain/layout.ts";
import { GLOBAL_MODEL, MODEL_NAME_PATTERN } from "../../domain/models.ts";
import type { Job } from "../../domain/runs.ts";
import type { App, Context } from "../context.ts";
import { checkNewName, kindOf, maySeeModel, modelFor, modelRow, modelView, mustBeOwner } from "../models.ts";
import { RunDone, RunHeaders, RunStarted, startRun } from "../runs.ts";
import { ModelDetail, ModelRow, answers } from "../schemas.ts";

const closed = { additionalProperties: false } as const;
const name = Type.String({ pattern: MODEL_NAME_PATTERN, description: "global, a task's id, or a name that a person gave." });
const version = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const Params = Type.Object({ name });

const PromoteBody = Type.Object({ to: Type.Optional(Type.String({ minLength: 1, maxLength: 64, default: GLOBAL_MODEL, description: "Of which model it becomes a new version." })), version: Type.Optional(version) }, closed);
const RollBackBody = Type.Object({ version: Type.Optional(version), why: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })) }, closed);

/** The registry: what is deployed and where, and which version answers. Changes are single steps of the kind `deployment`. */
export function modelRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "watcher" | "index" | "models">): void {
  const { storage, models } = context;
  const common = { config: { policy: "user" as const } };
  const tags = ["models"];
  const changed = answers({ 200: RunDone, 202: RunStarted }, 400, 401, 403, 404, 409, 413, 415, 422, 503);

  app.get("/models", { ...common, schema: { tags, summary: "What is deployed, and where: the global model, named ones, and those of your tasks", response: answers({ 200: Type.Object({ models: Type.Array(ModelRow) }) }, 401, 503) } }, async (request) => {
    const rows = [];
    for (const each of await models.names()) {
      const versions = await models.versions(each);
      if (versions.taken.length > 0 && (await maySeeModel(request, context, each, versions))) rows.push(modelRow(each, versions));
    }
    // The global one first, then named ones, then tasks, the newest first.
    const rank = { global: 0, named: 1, task: 2 };
    return { models: rows.toSorted((a, b) => rank[a.kind] - rank[b.kind] || (a.kind === "task" ? -1 : 1) * (a.name < b.name ? -1 : 1)) };
  });

  app.get("/models/:name", { ...common, schema: { tags, summary: "One model and all its versions", params: Params, response: answers({ 200: Type.Unsafe<object>(ModelDetail) }, 400, 401, 404, 503) } }, async (request) => {
    const versions = await modelFor(request, context, request.params.name);
    return modelView(request.params.name, versions);
  });

  app.post("/models/:name/promote", { ...common, schema: { tags, summary: "A version becomes the newest one of the global model, for the next videos", params: Params, body: PromoteBody, headers: RunHeaders, response: changed } }, async (request, reply) => {
    const { name: from } = request.params;
    const { to = GLOBAL_MODEL, version: asked } = request.body;
    const { deployed, cards, pointer } = await modelFor(request, context, from);
    const chosen = asked ?? pointer?.version;
    if (chosen === undefined || !deployed.includes(chosen)) throw new InputError({ field: "version", status: 404, message: `there is no version ${chosen ?? ""} of ${from} that can serve`, whatToDo: `GET /models/${from} lists its versions` });
    if (to === from) throw new InputError({ field: "to", message: `it is a version of ${from} already`, whatToDo: `POST /models/${from}/rollback makes another version answer` });
    if (to !== GLOBAL_MODEL) checkNewName(to);
    mustBeOwner(request, to, await models.versions(to));
    const card = cards.get(chosen);
    const lineage = { ...card?.lineage, promoted_from: `${from}@${chosen}` };
    const reference = card?.parity?.reference ?? null;
    const job: Job = {
      do: "deploy",
      name: to,
      onnxKey: modelKeys(from).onnx(chosen),
      ...(card?.sha256 === undefined ? {} : { sha256: card.sha256 }),
      lineage,
      referenceKey: reference !== null && (await storage.size(reference)) !== null ? reference : null,
      ...(kindOf(from) === "task" ? { framesOf: from } : {}),
      names: { ...(card?.classes === undefined ? {} : { classes: card.classes }), ...(card?.keypoints === undefined ? {} : { keypoints: card.keypoints }) },
    };
    return await startRun(request, reply, { ...context, kind: "deployment", job, settings: { file_path: job.onnxKey } });
  });

  app.post("/models/:name/rollback", { ...common, schema: { tags, summary: "An earlier version answers again", params: Params, body: RollBackBody, headers: RunHeaders, response: changed } }, async (request, reply) => {
    const { name: of } = request.params;
    const { version: asked, why } = request.body;
    const versions = await modelFor(request, context, of);
    mustBeOwner(request, of, versions);
    const { deployed, pointer } = versions;
    if (asked !== undefined && !deployed.includes(asked)) throw new InputError({ field: "version", status: 404, message: `there is no version ${asked} of ${of} that can serve`, whatToDo: `GET /models/${of} lists its versions` });
    if (asked === undefined && (pointer === null || pointer.before.length === 0)) throw new InputError({ field: "version", status: 409, message: `there is no version of ${of} before ${pointer?.version ?? "this one"}`, whatToDo: `GET /models/${of} lists its versions` });
    const job: Job = { do: "roll-back", name: of, ...(asked === undefined ? {} : { version: asked }), ...(why === undefined ? {} : { why }) };
    return await startRun(request, reply, { ...context, kind: "deployment", job, settings: { file_path: modelKeys(of).serving } });
  });
}
