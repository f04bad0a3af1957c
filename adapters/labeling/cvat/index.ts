import { createHash } from "node:crypto";
import type { Storage } from "../../storage/storage.ts";
import type { ExternalLabeling } from "../labeling.ts";
import { createApproval } from "./approval.ts";
import { createCvatClient } from "./client.ts";
import { createReader } from "./reader.ts";
import { createRecords } from "./record.ts";
import { createReject } from "./reject.ts";
import { createRequest } from "./request.ts";
import { createWebhook } from "./webhook.ts";

/** A sitting's work, and what is accepted or sent back at once. */
const FRAMES_PER_JOB = 20;
const LONGEST_SECRET = 64;
/** While a webhook waits for its answer. */
const QUICK_MS = 800;

/**
 * CVAT: a project per task, which holds its labels and its webhook, and in it a task per round, cut into jobs.
 * Approved is what lies in jobs at stage acceptance and state completed.
 *
 * @param options.publicUrl under which CVAT reaches our API
 */
export function createCvatLabeling(options: { storage: Storage; url: string; token: string; publicUrl: string; webhookSecret: string; framesPerJob?: number }): ExternalLabeling {
  const { storage, webhookSecret, framesPerJob = FRAMES_PER_JOB } = options;
  const client = createCvatClient(options);
  const records = createRecords({ storage });
  const reader = createReader({ client, storage, records });
  const secret = webhookSecret.length <= LONGEST_SECRET ? webhookSecret : createHash("sha256").update(webhookSecret).digest("hex");
  const target = `${options.publicUrl.replace(/\/+$/, "")}/webhooks/cvat`;
  return {
    name: "cvat",
    request: createRequest({ client, storage, records, reader, webhook: { target, secret }, framesPerJob }),
    read: (of) => reader.read(of),
    progress: (of) => reader.progress(of),
    approval: createApproval({ client, reader }),
    reject: createReject({ client, reader }),
    webhook: createWebhook({ storage, records, secret, quick: createCvatClient({ ...options, timeoutMs: QUICK_MS }) }),
    url: async (of) => `${client.url}/tasks/${(await records.get(of)).cvat.task_id}`,
  };
}
