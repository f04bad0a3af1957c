import { selfOf, type Context } from "./context.ts";
import { waitFor } from "./wait.ts";

interface Started {
  task_id: string;
  run_id: string;
  status_url: string;
}

/** Starts a single step, and waits for its end unless that is not wanted. What the command ends with. */
export async function startStep(context: Context, path: string, body: Record<string, unknown>, { wait, key }: { wait: boolean; key?: string }): Promise<number | void> {
  const started = await context.api.send<Started>("POST", path, body, key === undefined ? {} : { "idempotency-key": key });
  const { run_id: id } = started;
  if (!wait) return context.answer(started, () => `Single step ${id} runs; to see how it goes: ${selfOf(context.io.env)} watch ${id}`);
  context.line({ event: "created", data: started });
  context.say(`Single step ${id}`);
  return await waitFor(context, id);
}
