import { InputError, messageOf } from "../../../domain/errors.ts";
import { createAuthorization } from "./authorization.ts";

/** Carries the address and, where there was an answer, its HTTP status. */
export class LabelStudioError extends Error {
  override readonly name = "LabelStudioError";
  readonly url: string;
  /** null: no answer at all. */
  readonly status: number | null;

  constructor(message: string, options: { url: string; status?: number; cause?: unknown }) {
    super(`${message}: ${options.url}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.url = options.url;
    this.status = options.status ?? null;
  }
}

const ANSWER_MS = 60_000;
/** A batch of frames over a slow line. */
const UPLOAD_MS = 600_000;

export interface Client {
  /** `timeout`: milliseconds. */
  get<T>(path: string, query?: Record<string, string | number | boolean>, timeout?: number): Promise<T>;
  send<T>(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T>;
  upload<T>(path: string, files: { name: string; content: Buffer }[]): Promise<T>;
}

/**
 * Label Studio's REST API. Throws InputError 403 where it does not let us in, and where the address is not one of Label Studio;
 * LabelStudioError for everything else, of which 5xx, 429 and no answer may be over when it is tried again.
 */
export function createClient({ url, token }: { url: string; token: string }): Client {
  const authorization = createAuthorization({ token, refresh: (body) => call<{ access?: string }>("/api/token/refresh/", { method: "POST", headers: { "content-type": "application/json" }, body }, ANSWER_MS) });

  async function call<T>(path: string, init: RequestInit, timeout: number): Promise<T> {
    const address = `${url}${path}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, { ...init, redirect: "manual", signal: AbortSignal.timeout(timeout) });
      text = await response.text();
    } catch (cause) {
      throw new LabelStudioError(`Label Studio does not answer (${reasonOf(cause)})`, { url: address, cause });
    }
    if (response.status >= 300 && response.status < 400) throw wrongAddress(`${address} leads on to ${response.headers.get("location") ?? "another address"}.`);
    if (response.status === 403) throw new InputError({ field: "ACTVERSE_LABEL_STUDIO_TOKEN", message: `Label Studio forbids ${init.method ?? "GET"} ${address}: ${excerpt(text)}`, whatToDo: "Use the token of a user who may make projects, import, and set webhooks there.", status: 403 });
    if (!response.ok) throw new LabelStudioError(`Label Studio answers ${response.status}: ${excerpt(text)}`, { url: address, status: response.status });
    if (text === "") return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw wrongAddress(`${address} does not answer as Label Studio does.`);
    }
  }

  async function authorized<T>(path: string, init: RequestInit, timeout = ANSWER_MS): Promise<T> {
    const attempt = async (): Promise<T> => await call<T>(path, { ...init, headers: { ...(init.headers as Record<string, string> | undefined), authorization: await authorization.header() } }, timeout);
    try {
      return await attempt();
    } catch (error) {
      if (!isStatus(error, 401)) throw error;
      // A short-lived token may have been withdrawn early, as when the server was restarted with another key.
      if (authorization.renew()) return await attempt().catch(refuse);
      return refuse(error);
    }
  }

  return {
    get: (path, query = {}, timeout = ANSWER_MS) => authorized(`${path}?${new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))}`, {}, timeout),
    send: (method, path, body) => authorized(path, { method, ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }) }),
    upload: (path, files) => {
      const form = new FormData();
      for (const { name, content } of files) form.append(name, new Blob([new Uint8Array(content)], { type: "image/jpeg" }), name);
      return authorized(path, { method: "POST", body: form }, UPLOAD_MS);
    },
  };
}

export const isStatus = (error: unknown, status: number): boolean => error instanceof LabelStudioError && error.status === status;

function refuse(error: unknown): never {
  if (!isStatus(error, 401)) throw error;
  throw new InputError({ field: "ACTVERSE_LABEL_STUDIO_TOKEN", message: "Label Studio does not accept the access token.", whatToDo: "Make a new personal access token in Label Studio (Account & Settings), set ACTVERSE_LABEL_STUDIO_TOKEN to it and start Actverse again.", status: 403, cause: error });
}

const wrongAddress = (message: string): InputError => new InputError({ field: "ACTVERSE_LABEL_STUDIO_URL", message, whatToDo: "Set ACTVERSE_LABEL_STUDIO_URL to the address under which Label Studio's pages open, with https where it uses that.", status: 404 });

/** What an error's answer says: its `detail` and the fields that are wrong; of anything else, which may be a whole page, the first words. */
function excerpt(text: string): string {
  const short = (found: string): string => found.replaceAll(/\s+/g, " ").slice(0, 300);
  try {
    const { detail, validation_errors: fields } = JSON.parse(text) as { detail?: unknown; validation_errors?: unknown };
    if (typeof detail === "string") return short(fields === undefined || fields === null ? detail : `${detail} ${JSON.stringify(fields)}`);
  } catch {
    // Not JSON: said as it is.
  }
  return short(text);
}

/** fetch hides the reason in the cause. */
const reasonOf = (error: unknown): string => (error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error));
