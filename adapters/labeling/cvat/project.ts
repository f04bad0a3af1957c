import { InputError } from "../../../domain/errors.ts";
import { ifThere, type CvatClient } from "./client.ts";
import { CvatError } from "./errors.ts";
import type { CvatProject, CvatWebhook, LabelSpec } from "./wire.ts";

/** The project of one of our tasks, by its name; where two were made at once, the first stays. It holds the labels and the webhook for all rounds. */
export async function ensureProject(client: CvatClient, { name, labels }: { name: string; labels: LabelSpec[] }): Promise<CvatProject> {
  const find = async (): Promise<CvatProject[]> => (await client.all<CvatProject>("/api/projects", { name })).filter((project) => project.name === name).toSorted((a, b) => a.id - b.id);
  const [first] = await find();
  if (first !== undefined) return first;
  const made = await client.send<CvatProject>("POST", "/api/projects", { name, labels });
  const [winner = made] = await find();
  if (winner.id !== made.id) await client.send("DELETE", `/api/projects/${made.id}`);
  return winner;
}

const hookName = (taskId: string): string => `Actverse ${taskId}`;
/** The task that a webhook of ours was made for, by its description. */
export const taskOfHook = (description: string | undefined): string | null => /^Actverse ([0-9a-z]+)$/.exec(description ?? "")?.[1] ?? null;

/** One webhook per project, whose address and secret are what they are now. */
export async function ensureWebhook(client: CvatClient, options: { projectId: number; taskId: string; target: string; secret: string }): Promise<number> {
  const { projectId, target, secret } = options;
  const description = hookName(options.taskId);
  const settings = { target_url: target, description, secret, events: ["update:job"], content_type: "application/json", is_active: true, enable_ssl: true };
  const hooks = await client.all<CvatWebhook>("/api/webhooks", { project_id: projectId });
  const [ours, ...doubles] = hooks.filter((hook) => hook.description === description || hook.target_url === target).toSorted((a, b) => a.id - b.id);
  for (const { id } of doubles) await ifThere(() => client.send("DELETE", `/api/webhooks/${id}`));
  try {
    if (ours === undefined) return (await client.send<CvatWebhook>("POST", "/api/webhooks", { ...settings, type: "project", project_id: projectId })).id;
    await client.send("PATCH", `/api/webhooks/${ours.id}`, settings);
    return ours.id;
  } catch (error) {
    if (!(error instanceof CvatError) || error.status !== 400) throw error;
    throw new InputError({ field: "ACTVERSE_PUBLIC_URL", message: `CVAT does not take ${target} as the address of a webhook: ${error.message}`, whatToDo: "Set ACTVERSE_PUBLIC_URL to an address under which CVAT can reach Actverse, start it again, and retry labeling.", cause: error });
  }
}
