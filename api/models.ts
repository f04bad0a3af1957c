import type { FastifyRequest } from "fastify";
import type { ModelVersions } from "../adapters/models/registry.ts";
import { InputError } from "../domain/errors.ts";
import { ID_PATTERN } from "../domain/ids.ts";
import { GLOBAL_MODEL, isModelName, type ModelCard } from "../domain/models.ts";
import type { Context } from "./context.ts";
import { HttpProblem } from "./problems.ts";
import { callerOf } from "./plugins/auth.ts";

/** Who may see and change which models, and how they look over the wire. */

type Needs = Pick<Context, "models" | "watcher">;

/** global: for everybody's next video; task: a task's own, by its id; named: by a name that a person gave. */
export type ModelKind = "global" | "task" | "named";
export const kindOf = (name: string): ModelKind => (name === GLOBAL_MODEL ? "global" : new RegExp(ID_PATTERN).test(name) ? "task" : "named");

/** What `prelabel` means by them: no model may be called so. */
const RESERVED = new Set(["auto", "motion", "none"]);

/** A name that a person gives to a model of their own. Throws InputError. */
export function checkNewName(name: string): void {
  const refuse = (message: string, whatToDo: string): never => {
    throw new InputError({ field: "name", message, whatToDo });
  };
  if (!isModelName(name)) refuse(`"${name}" cannot be a model's name`, "use at most 64 letters, digits, - and _, beginning with a letter or digit");
  if (RESERVED.has(name)) refuse(`"${name}" means something else where a task chooses its model`, "choose another name");
  if (kindOf(name) === "task") refuse(`"${name}" looks like a task's id`, "choose another name, or give task_id");
}

/** A model that the caller may see. Others' are as unknown as those that never were: 404. */
export async function modelFor(request: FastifyRequest, context: Needs, name: string): Promise<ModelVersions> {
  const versions = isModelName(name) ? await context.models.versions(name) : null;
  if (versions !== null && versions.taken.length > 0 && (await maySeeModel(request, context, name, versions))) return versions;
  throw new InputError({ field: "name", status: 404, message: `there is no model named "${name}"`, whatToDo: "GET /models lists the models there are" });
}

/** Everybody sees the global model and named ones; a task's model is seen by those who may see the task. */
export async function maySeeModel(request: FastifyRequest, { watcher }: Needs, name: string, versions: ModelVersions): Promise<boolean> {
  const { admin, userId } = callerOf(request);
  if (admin || kindOf(name) !== "task") return true;
  const owner = ownerOf(versions) ?? (await watcher.view(name))?.state.user_id;
  return owner === userId;
}

/** 403 where the caller may see the model, but others decide over it. `versions`: none yet where it is new. */
export function mustBeOwner(request: FastifyRequest, name: string, versions: ModelVersions | null): void {
  const { admin, userId } = callerOf(request);
  if (admin || kindOf(name) === "task") return;
  const refuse = (message: string, whatToDo: string): never => {
    throw new HttpProblem({ status: 403, field: "name", message, whatToDo });
  };
  if (kindOf(name) === "global") refuse("only admins may change the global model: everybody's new videos begin with it", "ask an admin, or use another name");
  const owner = versions === null ? null : ownerOf(versions);
  if (owner !== null && owner !== userId) refuse(`the model ${name} is ${owner}'s`, "ask its owner or an admin, or use another name");
}

/** Of the first version that says so: whoever made the name keeps it. */
const ownerOf = ({ taken, cards }: ModelVersions): string | null => taken.map((version) => cards.get(version)?.owner ?? null).find((owner) => owner !== null) ?? null;

/** The figures of its training, where it has one. */
const metricsOf = (card: Partial<ModelCard> | undefined): Record<string, number> => {
  const { metrics } = card?.lineage ?? {};
  return typeof metrics === "object" && metrics !== null ? (metrics as Record<string, number>) : {};
};

/** One row of GET /models. What a file put there by hand does not say is null or empty. */
export function modelRow(name: string, { taken, deployed, cards, pointer }: ModelVersions) {
  const card = pointer === null ? undefined : cards.get(pointer.version);
  return {
    name,
    kind: kindOf(name),
    served_version: pointer?.version ?? null,
    versions: deployed,
    before: pointer?.before ?? [],
    refused: taken.filter((version) => cards.get(version)?.status === "refused"),
    task: card?.task ?? null,
    classes: card?.classes ?? [],
    keypoints: card?.keypoints ?? [],
    endpoint: card?.endpoint ?? null,
    metrics: metricsOf(card),
    deployed_at: card?.deployed_at ?? null,
    owner: ownerOf({ taken, deployed, cards, pointer }),
    lineage: card?.lineage ?? {},
  };
}

/** GET /models/{name}: the row, who made which version answer, and every version's card, the newest first. */
export function modelView(name: string, versions: ModelVersions) {
  const { taken, deployed, cards, pointer } = versions;
  return {
    ...modelRow(name, versions),
    changed_at: pointer?.changed_at ?? null,
    changed_by: pointer?.by ?? null,
    changed_why: pointer?.why ?? null,
    cards: taken.toReversed().map((version) => {
      const card = cards.get(version);
      return { ...card, version, status: deployed.includes(version) ? ("deployed" as const) : (card?.status ?? ("deploying" as const)), metrics: metricsOf(card) };
    }),
  };
}
