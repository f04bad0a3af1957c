import { createHmac } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { CvatStore, JobRow, WebhookRow } from "./cvat-server-store.test-tools.ts";
import type { Views } from "./cvat-server-views.test-tools.ts";
import type { CvatUser } from "./wire.ts";

const TIMEOUT_MS = 10_000;
/** Seconds after which CVAT tries again. */
const RETRY_AFTER_S = [5, 300, 1800, 10_800, 86_400, 86_400, 86_400, 86_400];

export interface Delivery {
  webhook_id: number;
  event: string;
  attempt: number;
  status_code: number;
  body: string;
}

/** JSON as Python writes it: a blank after each comma and colon, nothing but ASCII. The signature is of these very bytes. */
export function pythonJson(value: unknown): string {
  const ascii = (text: string): string => JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) return `{${Object.entries(value).flatMap(([name, field]) => (field === undefined ? [] : [`${ascii(name)}: ${pythonJson(field)}`])).join(", ")}}`;
  return typeof value === "string" ? ascii(value) : JSON.stringify(value);
}

/** Delivers for real; waits for retries are `faster` times shorter. */
export function createDeliveries({ store, views, faster, beforeUpdate }: { store: CvatStore; views: Views; faster: number; beforeUpdate: boolean }) {
  const deliveries: Delivery[] = [];
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal);

  async function attempt(hook: WebhookRow, body: string): Promise<number> {
    const signature: Record<string, string> = hook.secret === "" ? {} : { "X-Signature-256": `sha256=${createHmac("sha256", hook.secret).update(body).digest("hex")}` };
    try {
      const response = await fetch(hook.target_url, { method: "POST", headers: { "Content-Type": "application/json", ...signature }, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.arrayBuffer();
      return response.status;
    } catch (error) {
      return error instanceof Error && error.name === "TimeoutError" ? 504 : 502;
    }
  }

  async function deliver(hook: WebhookRow, payload: { event: string }): Promise<void> {
    const body = pythonJson(payload);
    for (let number = 1; !stopped.signal.aborted; number++) {
      const status = await attempt(hook, body);
      deliveries.push({ webhook_id: hook.id, event: payload.event, attempt: number, status_code: status, body });
      const wait = RETRY_AFTER_S[number - 1];
      if (wait === undefined || !(status >= 500 || status === 408 || status === 429)) return;
      await sleep((wait * 1000) / faster, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  const start = (hook: WebhookRow, payload: { event: string }): void => {
    const done = deliver(hook, payload).finally(() => running.delete(done));
    running.add(done);
  };

  return {
    deliveries,
    /** Tells the webhooks of its project that a job is not what it was. */
    jobUpdated(job: JobRow, old: ReturnType<Views["job"]>, sender: CvatUser): void {
      const now = views.job(job);
      const changed = Object.entries(old).filter(([name, value]) => name !== "labels" && JSON.stringify(value) !== JSON.stringify(now[name as keyof typeof now]));
      for (const hook of store.webhooks.values()) {
        if (!hook.is_active || !hook.events.includes("update:job") || hook.project_id !== now.project_id) continue;
        start(hook, { event: "update:job", job: now, ...(beforeUpdate ? { before_update: Object.fromEntries(changed) } : {}), webhook_id: hook.id, sender: views.user(sender) } as { event: string });
      }
    },
    /** At once, and only once. */
    async ping(hook: WebhookRow, sender: CvatUser): Promise<Delivery> {
      const body = pythonJson({ event: "ping", webhook: views.webhook(hook), sender: views.user(sender) });
      const delivery = { webhook_id: hook.id, event: "ping", attempt: 1, status_code: await attempt(hook, body), body };
      deliveries.push(delivery);
      return delivery;
    },
    /** When nothing is on its way any more. */
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.all(running);
    },
    stop: () => stopped.abort(),
  };
}
export type Deliveries = ReturnType<typeof createDeliveries>;
