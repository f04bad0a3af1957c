import { ServingError } from "./serving.ts";

/** An answer of Triton that says no, in its own words. */
export class TritonRefusal extends ServingError {
  readonly status: number;
  readonly words: string;

  constructor(url: string, status: number, words: string) {
    super(url, `the server answers ${status}: ${words}`);
    this.status = status;
    this.words = words;
  }
}

export interface Answer {
  headers: Headers;
  body: Buffer;
}

/** Of a message of the server, which may carry a stack trace of the model's own code. */
const WORDS = 600;

export interface RequestOptions {
  method?: "GET" | "POST";
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  timeoutMs: number;
}

/** One request. Throws ServingError where there is no answer, or none in time, and TritonRefusal for one that is not 2xx. */
export async function request(url: string, options: RequestOptions): Promise<Answer> {
  const { status, answer } = await attempt(url, options).catch((error: unknown) => {
    // A server may close an idle connection at the moment when we use it again; each of these requests may come twice.
    if (CLOSED.has(codeOf(error))) return attempt(url, options);
    throw error;
  }).catch((error: unknown) => {
    const timedOut = error instanceof DOMException && error.name === "TimeoutError";
    throw new ServingError(url, timedOut ? `no answer within ${options.timeoutMs / 1000} s` : `the server cannot be reached (${codeOf(error)})`, { cause: error });
  });
  if (status >= 200 && status < 300) return answer;
  throw new TritonRefusal(url, status, wordsOf(answer.body));
}

const CLOSED = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

async function attempt(url: string, { method = "GET", body, headers = {}, timeoutMs }: RequestOptions): Promise<{ status: number; answer: Answer }> {
  const response = await fetch(url, {
    method,
    // The server would compress tensors for any client that says it can read that.
    headers: { "accept-encoding": "identity", ...headers },
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, answer: { headers: response.headers, body: Buffer.from(await response.arrayBuffer()) } };
}

/** As `request`, for an answer in JSON. */
export async function requestJson<T>(url: string, options: RequestOptions): Promise<T> {
  const { body } = await request(url, options);
  try {
    return JSON.parse(body.toString("utf8")) as T;
  } catch (error) {
    throw new ServingError(url, `the answer is not JSON: ${body.toString("utf8").slice(0, 100)}`, { cause: error });
  }
}

/** Triton puts its words into `error`; a proxy before it says what it likes. */
function wordsOf(body: Buffer): string {
  const text = body.toString("utf8");
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string") return error.slice(0, WORDS);
  } catch {
    // Not its own answer.
  }
  return text.slice(0, WORDS);
}

/** fetch says only "fetch failed"; what happened is in the cause. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown }).code;
  return typeof code === "string" ? code : cause instanceof Error ? cause.message : String(cause);
}
