import { createHmac, timingSafeEqual } from "node:crypto";
import { InputError } from "../../../domain/errors.ts";
import type { FrameList, Snapshot } from "../../../domain/labels.ts";
import { frameKeys, labelKeys } from "../../../domain/layout.ts";
import { readJsonIfThere, type Storage } from "../../storage/storage.ts";
import type { ExternalLabeling, WebhookReading } from "../labeling.ts";
import type { CvatClient } from "./client.ts";
import { taskOfHook } from "./project.ts";
import { annotationJobs } from "./reader.ts";
import type { Of, Records } from "./record.ts";
import { isAccepted, type CvatJob, type WebhookPayload } from "./wire.ts";

/**
 * Reads deliveries with what lies in storage. CVAT is asked only where labels may be approved in part: by itself a task goes on when all its jobs are
 * accepted, or else the first one would end labeling. `quick`: soon gives up, and then the delivery fails, so that CVAT sends it again.
 */
export function createWebhook({ storage, records, secret, quick }: { storage: Storage; records: Records; secret: string; quick: CvatClient }): ExternalLabeling["webhook"] {
  return async ({ headers, body, pathTaskId }) => {
    verify(headers["x-signature-256"], body, secret);
    const { event, job, webhook, before_update: changed } = parse(body);
    const pinged = event === "ping" ? (pathTaskId ?? taskOfHook(webhook?.description)) : null;
    if (pinged !== null) return { taskId: pinged, id: `cvat-ping-${webhook?.id ?? 0}`, says: "nothing", comments: [] };
    if (event !== "update:job" || job === undefined || !Number.isSafeInteger((job as CvatJob | null)?.task_id)) return null;
    const of = await records.ownerOf(job.task_id);
    if (of === null || (pathTaskId !== null && pathTaskId !== of.taskId)) return null;
    // Copies for quality control are no part of the labels.
    const says = job.type === "annotation" ? await meaning(of, job, changed) : "nothing";
    // There is no number of the delivery: this is what makes two of them the same. A repeat has the same date.
    return { taskId: of.taskId, round: of.round, id: `cvat-${job.id}-${job.updated_date}-${job.stage}-${job.state}`.replaceAll(" ", "_"), says, comments: [] };
  };

  async function meaning(of: Of, job: CvatJob, changed: Partial<CvatJob> | undefined): Promise<WebhookReading["says"]> {
    if (isAccepted(job)) return (await records.find(of))?.allow_partial !== true || (await annotationJobs(quick, job.task_id)).every(isAccepted) ? "approved" : "nothing";
    const isNews = changed === undefined || changed.stage !== undefined || changed.state !== undefined;
    // Every save of annotations is an update too.
    if (!isNews) return "nothing";
    if (job.state === "rejected") return "rejected";
    const wasAccepted = changed === undefined ? await isInSnapshot(of, job) : isAccepted({ ...job, ...changed });
    return wasAccepted ? "reopened" : "nothing";
  }

  /** Servers that do not tell what was before: then only what was approved here counts. */
  async function isInSnapshot({ taskId, round }: Of, job: CvatJob): Promise<boolean> {
    const snapshot = await readJsonIfThere<Snapshot>(storage, labelKeys(taskId, round).snapshot);
    if (snapshot === null) return false;
    const list = await readJsonIfThere<FrameList>(storage, frameKeys(taskId, round).list);
    const approved = new Set(snapshot.frames.map(({ frame }) => frame));
    return list?.frames.slice(job.start_frame, job.stop_frame + 1).some(({ frame }) => approved.has(frame)) ?? false;
  }
}

function parse(body: Buffer): WebhookPayload {
  let payload: unknown = null;
  try {
    payload = JSON.parse(body.toString("utf8"));
  } catch {
    // Said below.
  }
  if (typeof payload !== "object" || payload === null) throw new InputError({ field: "body", message: "The webhook's body is no object of JSON.", whatToDo: "Let CVAT send it as application/json." });
  return payload as WebhookPayload;
}

function verify(signature: string | undefined, body: Buffer, secret: string): void {
  const expected = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const given = Buffer.from(signature ?? "");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new InputError({ field: "x-signature-256", message: "The webhook is not signed with our secret.", whatToDo: "Retry labeling after ACTVERSE_WEBHOOK_SECRET was changed: that gives CVAT the new one.", status: 401 });
  }
}
