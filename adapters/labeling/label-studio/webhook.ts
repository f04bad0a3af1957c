import { createHash, timingSafeEqual } from "node:crypto";
import { InputError } from "../../../domain/errors.ts";
import type { FrameComment } from "../../../domain/events.ts";
import { sha256Of } from "../../../domain/hash.ts";
import type { WebhookReading } from "../labeling.ts";
import { ROUND_HEADER, SECRET_HEADER } from "./project.ts";
import { COMMENT_LENGTH, verdictIn } from "./to-results.ts";
import type { Annotation, Review } from "./wire.ts";

interface Delivery {
  headers: Record<string, string | undefined>;
  body: Buffer;
  pathTaskId: string | null;
}

interface HookTask {
  id?: number;
  data?: Record<string, unknown>;
  total_annotations?: number;
}

interface Payload {
  action: string;
  annotations: Annotation[];
  review: Review | null;
  tasks: HookTask[];
  project: { id?: number; task_number?: number; finished_task_number?: number; num_tasks_with_annotations?: number };
}

/** What a delivery says, and, where it claims an approval by the choice in the editor, which project's other frames would have to be approved too. */
export interface Reading extends WebhookReading {
  approval: { project: number; task: number } | null;
}

/**
 * What one delivery says, from what it carries alone. Label Studio does not sign: our secret comes in a header.
 * Approval is claimed when the last frame that lacked an annotation has one, or when an Approved is given after that: whether all
 * are approved is then read back. Throws InputError 401 without the secret, 400 where the body is not Label Studio's.
 */
export function readWebhook({ headers, body, pathTaskId }: Delivery, secret: string): Reading | null {
  if (!isEqual(headers[SECRET_HEADER] ?? "", secret)) throw new InputError({ field: SECRET_HEADER, message: "The webhook does not carry the secret that was agreed on.", whatToDo: "Retry the step labeling: it registers the webhook anew with the current ACTVERSE_WEBHOOK_SECRET.", status: 401 });
  if (pathTaskId === null) return null;
  const payload = parse(body);
  const round = Number(headers[ROUND_HEADER]);
  const about = { taskId: pathTaskId, ...(Number.isSafeInteger(round) && round > 0 ? { round } : {}), id: idOf(payload, body) };
  const said = saying(payload);
  const project = payload.project.id;
  const task = payload.annotations[0]?.task;
  const isOfEditor = said.says === "approved" && payload.review === null && typeof project === "number" && typeof task === "number";
  return { ...about, ...said, approval: isOfEditor ? { project, task } : null };
}

/** Of any lengths, in a time that tells nothing. */
function isEqual(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = <T>(value: unknown): T[] => [value].flat().filter(isObject) as T[];

function parse(body: Buffer): Payload {
  let json: unknown = null;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    // Said below.
  }
  if (!isObject(json) || typeof json["action"] !== "string") throw new InputError({ field: "body", message: "The webhook's body is not one of Label Studio.", whatToDo: "Look whether something between Label Studio and Actverse changes requests." });
  const annotations = listOf<Annotation>(json["annotation"] ?? json["annotations"]).map((annotation) => ({ ...annotation, result: listOf<NonNullable<Annotation["result"]>[number]>(annotation.result) }));
  return { action: json["action"], annotations, review: isObject(json["review"]) ? json["review"] : null, tasks: listOf(json["task"]), project: isObject(json["project"]) ? json["project"] : {} };
}

/** Of the change, so that a repeat of a delivery has the same, also where the counts in it have changed meanwhile. */
function idOf({ action, annotations, review }: Payload, body: Buffer): string {
  const changes = annotations.map(({ id, updated_at }) => (id === undefined || updated_at === undefined ? null : `${id}@${updated_at}`));
  if (changes.length === 0 || changes.includes(null) || review !== null) return `label-studio:${action}:${sha256Of(body).slice(0, 32)}`;
  return `label-studio:${action}:${changes.length === 1 ? changes[0] : sha256Of(changes.join()).slice(0, 32)}`;
}

type Saying = Pick<WebhookReading, "says" | "comments">;
const NOTHING: Saying = { says: "nothing", comments: [] };

function saying(payload: Payload): Saying {
  const { action, annotations, review, tasks, project } = payload;
  switch (action) {
    case "REVIEW_CREATED":
    case "REVIEW_UPDATED":
      if (review?.accepted === true) return isComplete(project) ? { says: "approved", comments: [] } : NOTHING;
      return review?.accepted === false ? { says: "rejected", comments: comments(annotations, tasks, review.comment ?? "Rejected in review.") } : NOTHING;
    case "REVIEWS_DELETED":
    case "ANNOTATIONS_DELETED":
      return { says: "reopened", comments: [] };
    case "ANNOTATION_CREATED":
    case "ANNOTATIONS_CREATED":
    case "ANNOTATION_UPDATED": {
      const verdicts = annotations.map(({ result = [], was_cancelled }) => (was_cancelled === true ? "open" : verdictIn(result).says));
      if (verdicts.includes("rejected")) return { says: "rejected", comments: comments(annotations, tasks, null) };
      if (verdicts.length > 0 && verdicts.every((verdict) => verdict === "approved")) return isComplete(project) ? { says: "approved", comments: [] } : NOTHING;
      // The first annotation of a frame opens nothing again.
      const isFirst = action !== "ANNOTATION_UPDATED" && tasks.every(({ total_annotations: total = 2 }) => total <= 1);
      return isFirst ? NOTHING : { says: "reopened", comments: [] };
    }
    default:
      return NOTHING;
  }
}

/** Every frame has an annotation; true where the payload does not say. */
function isComplete({ task_number: all, finished_task_number: finished, num_tasks_with_annotations: annotated }: Payload["project"]): boolean {
  if (all === undefined || (finished === undefined && annotated === undefined)) return true;
  return Math.max(finished ?? 0, annotated ?? 0) >= all;
}

function comments(annotations: Annotation[], tasks: HookTask[], said: string | null): FrameComment[] {
  return annotations.flatMap((annotation, i) => {
    const verdict = verdictIn(annotation.result ?? []);
    const task = tasks.find(({ id }) => id === annotation.task) ?? tasks[i];
    const frame = task?.data?.["frame"];
    if (typeof frame !== "number" || (said === null && verdict.says !== "rejected")) return [];
    return [{ frame, comment: (said ?? verdict.comment).slice(0, COMMENT_LENGTH) }];
  });
}
