import type { WebhookReading } from "../adapters/labeling/labeling.ts";
import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { sha256Of } from "../domain/hash.ts";
import { TOOL_TITLES, type ExternalToolName } from "../domain/labeling-tools.ts";
import { labelKeys, taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { labelingApproved, labelingRejected, labelingReopened } from "../workflows/messages.ts";
import { createCoalescer } from "./coalesce.ts";
import type { TemporalGateway } from "./temporal.ts";

/** What a delivery led to: a signal of that kind, or nothing because the task has ended or nothing was said. */
export type Effect = "approved" | "rejected" | "reopened" | "ended" | "nothing";

/** Deliveries and tasks remembered at most; the oldest make room. */
const REMEMBERED = 20_000;

function createMemory<T>() {
  const known = new Map<string, T>();
  return {
    get: (key: string): T | undefined => known.get(key),
    set(key: string, value: T): void {
      known.set(key, value);
      if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
    },
  };
}

/**
 * From a genuine webhook to the task's signal, before the webhook is answered. A burst costs Temporal little: a delivery that came before is not
 * signalled again, and claims that come while one is being sent share the next. Asks the labeling tool nothing.
 */
export function createWebhookInbox({ storage, temporal }: { storage: Storage; temporal: Pick<TemporalGateway, "signal" | "describe"> }) {
  const effects = createMemory<Effect>();
  const tasks = createMemory<true>();
  const share = createCoalescer<boolean>();

  /** Throws InputError 404 where neither Temporal nor storage knows the task. */
  async function checkKnown(taskId: string): Promise<void> {
    if (tasks.get(taskId) === true) return;
    if ((await storage.size(taskKeys(taskId).record)) === null && (await temporal.describe(taskId)) === null) {
      throw new InputError({ field: "task_id", message: `there is no task ${taskId}`, whatToDo: "remove this webhook from the labeling tool", status: 404 });
    }
    tasks.set(taskId, true);
  }

  /** The task has ended: what was approved stays as it is, and a person can see that the tool has moved on. */
  async function noteReopened(tool: ExternalToolName, { taskId, round }: WebhookReading): Promise<void> {
    const record = await readJsonIfThere<TaskState>(storage, taskKeys(taskId).record);
    if (record === null) return;
    const of = round ?? record.round;
    await storage.createIfAbsent(labelKeys(taskId, of).reopened, JSON.stringify({ task_id: taskId, round: of, source: tool, at: new Date().toISOString() }));
  }

  /** false where no such task runs. */
  async function signal(tool: ExternalToolName, reading: WebhookReading): Promise<boolean> {
    const { taskId, round, id, says, comments } = reading;
    const common = { claim_id: `${tool}-${sha256Of(id).slice(0, 32)}`, ...(round === undefined ? {} : { round }) };
    if (says === "approved") return await share(`${tool} ${taskId} ${round ?? ""}`, () => temporal.signal(taskId, labelingApproved, { ...common, source: tool }));
    if (says === "rejected") return await temporal.signal(taskId, labelingRejected, { ...common, comments, by: TOOL_TITLES[tool] });
    return await temporal.signal(taskId, labelingReopened, { ...common, source: tool });
  }

  return {
    /** Throws InputError 404 for an unknown task, and what Temporal throws where it does not answer: then the delivery counts as not received. */
    async deliver(tool: ExternalToolName, reading: WebhookReading): Promise<Effect> {
      const { taskId, says } = reading;
      const key = `${tool} ${taskId} ${says} ${reading.id}`;
      const before = effects.get(key);
      if (before !== undefined) return before;
      let effect: Effect = says;
      if (says === "nothing") await checkKnown(taskId);
      else if (!(await signal(tool, reading))) {
        await checkKnown(taskId);
        if (says !== "approved") await noteReopened(tool, reading);
        effect = "ended";
      }
      effects.set(key, effect);
      return effect;
    },
  };
}
