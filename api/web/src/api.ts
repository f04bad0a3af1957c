import type { FrameStatus, FrameLabels, LabeledObject, LabelingTask as StoredTask } from "../../../domain/labels.ts";
import type { FrameComment } from "../../../domain/events.ts";
import type { Quality } from "../../../domain/quality/quality.ts";
import type { ResultRow } from "../../../domain/result.ts";
import type { CurveRow } from "../../../domain/training-curve.ts";
import type { StatusAnswer } from "../../../domain/live-progress.ts";
import type { TaskStatus } from "../../../domain/state.ts";
import type { RetryBody, StepName, TaskBody } from "../../../domain/task.ts";
import { t } from "./i18n/index.ts";

/** The REST routes that the pages use. Wire types keep their snake_case names. */

export interface Session {
  user_id: string;
  admin: boolean;
  authentication: "keys" | "off";
  csrf_token: string;
}

/** What the list of tasks is asked for. `cursor`: `next` of the page before. */
export interface TaskQuery {
  state?: TaskStatus;
  project?: string;
  kind?: "task" | "run" | "all";
  cursor?: string;
}

export interface TaskRow {
  task_id: string;
  /** Which single step it is; null: a task. */
  run: StepName | null;
  user_id: string;
  project: string;
  status: TaskStatus;
  waiting_for: string | null;
  created_at: string;
  ended_at: string | null;
  step: StepName | null;
}

export type { StatusAnswer };

/** How a training goes, of what the pages show. */
export interface TrainingAnswer {
  total: number | null;
  curve: CurveRow[];
  report_url: string | null;
}

export interface FrameRow {
  frame: number;
  time: number;
  status: FrameStatus;
  version: number;
  objects: number;
  comment?: string;
  updated_by: string | null;
}

/** What is labeled with what, and how far it is. */
export interface LabelingTask extends Pick<StoredTask, "task_id" | "round" | "title" | "classes" | "keypoints" | "skeleton" | "num_animals"> {
  reviewer_not_labeler: boolean;
  waiting: boolean;
  frames: FrameRow[];
}

/** Another open page of the same task. */
export interface Person {
  user_id: string;
  client: string;
  frame: number | null;
}

export interface Approval {
  snapshot_key: string;
  sha256: string;
  frames: number;
  left_out: number[] | number;
}

export interface ResultFileRow {
  name: string;
  bytes: number;
  url: string;
}

/** A single step that was started; `result` where it was waited for and is done. */
export interface RunAnswer {
  task_id: string;
  run_id: string;
  status_url: string;
  result?: Record<string, unknown>;
}

export interface ModelRow {
  name: string;
  kind: "global" | "task" | "named";
  served_version: number | null;
  versions: number[];
  /** Where a rollback leads, the newest first. */
  before: number[];
  refused: number[];
  task: "detect" | "pose" | null;
  classes: string[];
  keypoints: string[];
  endpoint: string | null;
  metrics: Record<string, number>;
  deployed_at: string | null;
  owner: string | null;
  lineage: Record<string, unknown>;
}

export interface ModelCardRow {
  version: number;
  status: "deploying" | "deployed" | "refused";
  metrics: Record<string, number>;
  deployed_at?: string | null;
  lineage?: Record<string, unknown>;
  reason?: string;
}

export interface ModelDetail extends ModelRow {
  changed_at: string | null;
  changed_by: string | null;
  changed_why: string | null;
  cards: ModelCardRow[];
}

interface Problem {
  title?: string;
  detail?: string;
  field?: string;
  what_to_do?: string;
  current?: FrameLabels;
  sign_in_url?: string;
}

/** What the server refused, or `status` 0 where it could not be reached. `field` is dotted: `training.epochs`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly field: string | null;
  readonly whatToDo: string | null;
  /** With 409 on a frame: the labels that somebody else saved. */
  readonly current: FrameLabels | null;
  /** With 401: where the identity provider is asked; null: there is none. */
  readonly signInUrl: string | null;

  constructor(status: number, problem: Problem) {
    super(sentence(problem.detail ?? problem.title ?? t("server.answered", { status })));
    this.status = status;
    this.field = problem.field === undefined ? null : dotted(problem.field);
    this.whatToDo = problem.what_to_do === undefined ? null : sentence(problem.what_to_do);
    this.current = problem.current ?? null;
    this.signInUrl = problem.sign_in_url ?? null;
  }
}

/** `training.epochs` as it is; `upload[0].path` and `/upload/0/path` as `upload.0.path`. */
export const dotted = (field: string): string => field.replaceAll(/[/[]/g, ".").replaceAll("]", "").replace(/^\./, "");

/** Names of settings stay as they are written. */
const sentence = (text: string): string => (/^[a-z]+_/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1)) + (/[.!?]$/.test(text) ? "" : ".");

export type Api = ReturnType<typeof createApi>;

/** @param options.onSignedOut called when the server no longer knows the session. */
export function createApi(options: { fetch?: typeof fetch; onSignedOut?: () => void } = {}) {
  const send = options.fetch ?? fetch.bind(globalThis);
  let token = "";

  async function once(method: string, path: string, body: unknown, headers: Record<string, string>, keepalive: boolean): Promise<Response> {
    try {
      return await send(path, {
        method,
        headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...(method === "GET" ? {} : { "x-csrf-token": token }), ...headers },
        credentials: "same-origin",
        keepalive,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new ApiError(0, { detail: t("server.notReached"), what_to_do: t("server.notReachedWhatToDo") });
    }
  }

  async function call<T>(method: string, path: string, body?: unknown, extra: { headers?: Record<string, string>; keepalive?: boolean } = {}): Promise<T> {
    const ask = () => once(method, path, body, extra.headers ?? {}, extra.keepalive ?? false);
    let response = await ask();
    // A restarted server has new tokens: ask for ours once, and repeat.
    if (response.status === 403 && method !== "GET" && path !== "/session") {
      const before = token;
      const again = await session().catch(() => null);
      if (again !== null && again.csrf_token !== before) response = await ask();
    }
    if (response.ok) return (response.status === 204 ? undefined : await response.json().catch(() => ({}))) as T;
    if (response.status === 401 && path !== "/session") options.onSignedOut?.();
    throw new ApiError(response.status, ((await response.json().catch(() => ({}))) ?? {}) as Problem);
  }

  async function session(): Promise<Session> {
    const found = await call<Session>("GET", "/session");
    token = found.csrf_token;
    return found;
  }

  const id = encodeURIComponent;
  /** Changes of models take seconds: they are waited for. */
  const waiting = { headers: { prefer: "wait=60" } };
  return {
    session,
    async signIn(apiKey: string): Promise<Session> {
      const found = await call<Session>("POST", "/session", { api_key: apiKey });
      token = found.csrf_token;
      return found;
    },
    signOut: () => call<void>("DELETE", "/session"),
    createTask: (body: TaskBody, idempotencyKey: string) => call<{ task_id: string; status_url: string; labeling_url: string }>("POST", "/tasks/", body, { headers: { "idempotency-key": idempotencyKey } }),
    tasks: (query: TaskQuery) => call<{ tasks: TaskRow[]; next: string | null }>("GET", `/tasks/?${new URLSearchParams({ limit: "50", ...query }).toString()}`),
    status: (taskId: string) => call<StatusAnswer>("GET", `/status/${id(taskId)}`),
    training: (taskId: string) => call<TrainingAnswer>("GET", `/training/${id(taskId)}`),
    retry: (taskId: string, body: RetryBody) => call<void>("POST", `/tasks/${id(taskId)}/retry`, body),
    cancel: (taskId: string) => call<void>("POST", `/tasks/${id(taskId)}/cancel`),
    remove: (taskId: string) => call<void>("DELETE", `/tasks/${id(taskId)}`),
    results: (taskId: string) => call<{ files: ResultFileRow[] }>("GET", `/tasks/${id(taskId)}/results`),
    /** Rows from the one that holds at this moment on. */
    resultRows: (taskId: string, from: { frame: number } | { time: number }, limit: number) =>
      call<{ rows: ResultRow[]; next: number | null }>("GET", `/tasks/${id(taskId)}/results/rows?${"frame" in from ? `frame=${from.frame}` : `time=${from.time}`}&limit=${limit}`),
    /** `url`: as the list of results gives it. */
    quality: (url: string) => call<Quality>("GET", url),
    labeling: (taskId: string) => call<{ round: number; reopened: boolean; url: string }>("GET", `/labeling/${id(taskId)}`),
    openRound: (taskId: string) => call<{ round: number }>("POST", `/labeling/${id(taskId)}/rounds`),
    models: () => call<{ models: ModelRow[] }>("GET", "/models"),
    model: (name: string) => call<ModelDetail>("GET", `/models/${id(name)}`),
    importModel: (body: { file_path: string; name: string }) => call<RunAnswer>("POST", "/models", body, waiting),
    promote: (name: string, version?: number) => call<RunAnswer>("POST", `/models/${id(name)}/promote`, version === undefined ? {} : { version }, waiting),
    rollBack: (name: string, version: number) => call<RunAnswer>("POST", `/models/${id(name)}/rollback`, { version }, waiting),
    labelingFrames: (taskId: string) => call<LabelingTask>("GET", `/labeling/${id(taskId)}/frames`),
    frame: (taskId: string, frame: number) => call<FrameLabels>("GET", `/labeling/${id(taskId)}/frames/${frame}`),
    /** `keepalive` lets it finish while the page goes away. */
    saveFrame: (taskId: string, frame: number, body: { version: number; reviewed: boolean; objects: LabeledObject[] }, keepalive = false) => call<FrameLabels>("PUT", `/labeling/${id(taskId)}/frames/${frame}`, body, { keepalive }),
    /** `width`: smaller, for a filmstrip; pixels. */
    imageUrl: (taskId: string, frame: number, width?: number) => `/labeling/${id(taskId)}/frames/${frame}/image${width === undefined ? "" : `?width=${width}`}`,
    presence: (taskId: string, page: { client: string; frame: number | null; leaving?: boolean }) => call<{ people: Person[]; edits: number; waiting: boolean }>("PUT", `/labeling/${id(taskId)}/presence`, page, { keepalive: page.leaving === true }),
    approve: (taskId: string, allowPartial: boolean) => call<Approval>("POST", `/labeling/${id(taskId)}/approve`, allowPartial ? { allow_partial: true } : {}),
    reject: (taskId: string, comments: FrameComment[]) => call<void>("POST", `/labeling/${id(taskId)}/reject`, { comments }),
  };
}
