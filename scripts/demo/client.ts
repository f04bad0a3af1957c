/** The few calls that the demo makes of the API, as any program would. */

export interface Problem {
  title: string;
  detail?: string;
  field?: string;
  what_to_do?: string;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, call: string, problem: Problem) {
    super([`${call}: ${problem.detail ?? problem.title}`, problem.what_to_do].flatMap((part) => part?.replace(/[.\s]+$/, "") ?? []).join(". "));
    this.status = status;
  }
}

export interface ApiClient {
  get<T>(path: string): Promise<T>;
  send<T>(method: "POST" | "PUT", path: string, body: unknown): Promise<T>;
}

/** @param options.token an API key, where the server wants one */
export function createApiClient({ url, token }: { url: string; token?: string }): ApiClient {
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(url + path, {
      method,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const content: unknown = await answer.json().catch(() => ({ title: answer.statusText }));
    if (!answer.ok) throw new ApiError(answer.status, `${method} ${path}`, content as Problem);
    return content as T;
  }
  return { get: (path) => call("GET", path), send: (method, path, body) => call(method, path, body) };
}
