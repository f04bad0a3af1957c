import type { Problem } from "../api/problems.ts";

/** The REST API, as any program calls it. */

const RETRY_STATUS = [429, 502, 503, 504];

/** The API refused: its problem details. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, call: string, problem: Partial<Problem>) {
    super([`${call}: ${problem.detail ?? problem.title ?? status}`, problem.what_to_do].flatMap((part) => part?.replace(/[.\s]+$/, "") ?? []).join(". "));
    this.status = status;
    this.problem = problem;
  }
}

/** Nobody answers at the address. */
export class ApiUnreachable extends Error {
  override readonly name = "ApiUnreachable";
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`the API at ${url} cannot be reached`, { cause });
    this.url = url;
  }
}

/** Whether the same call may go well a moment later: nobody answers, a part is away, or too much was asked at once. */
export const isPassing = (error: unknown): boolean => error instanceof ApiUnreachable || (error instanceof ApiError && RETRY_STATUS.includes(error.status));

export interface ApiClient {
  url: string;
  get<T>(path: string): Promise<T>;
  send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, headers?: Record<string, string>): Promise<T>;
  /** An answer whose body is not JSON. Throws as the others do. */
  open(path: string, options?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>;
}

/**
 * Each call throws ApiError where the API refuses, ApiUnreachable where it does not answer.
 * @param options.token an API key, where the server wants one
 * @param options.signal ends what is under way
 */
export function createApiClient({ url, token, signal: every }: { url: string; token?: string | undefined; signal?: AbortSignal }): ApiClient {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function open(method: string, path: string, { headers = {}, body, signal = every }: { headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {}): Promise<Response> {
    const answer = await fetch(url + path, { method, headers: { ...authorization, ...headers }, ...(body === undefined ? {} : { body }), signal: signal ?? null }).catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      throw new ApiUnreachable(url, error);
    });
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => ({ title: answer.statusText }))) as Partial<Problem>;
    throw new ApiError(answer.status, `${method} ${path}`, problem);
  }

  return {
    url,
    get: async <T>(path: string) => (await (await open("GET", path)).json()) as T,
    async send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const answer = await open(method, path, body === undefined ? { headers } : { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
      return (answer.status === 204 ? {} : await answer.json()) as T;
    },
    open: (path, options) => open("GET", path, options),
  };
}
