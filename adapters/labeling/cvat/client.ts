import { messageOf } from "../../../domain/errors.ts";
import { CvatError, refused } from "./errors.ts";
import type { Page } from "./wire.ts";

const TIMEOUT_MS = 60_000;
/** For sending frames, which may go over a slow line. */
export const UPLOAD_TIMEOUT_MS = 600_000;
const PAGE_SIZE = 100;
const DETAIL_CHARACTERS = 500;

type Query = Record<string, string | number | boolean>;

export interface CvatClient {
  /** Where people and we reach CVAT; without a slash at its end. */
  readonly url: string;
  get<T>(path: string, query?: Query): Promise<T>;
  /** Every page of a list. */
  all<T>(path: string, query?: Query): Promise<T[]>;
  /** `body`: a form, or anything else as JSON. What comes back is undefined where the answer has no body. */
  send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, options?: { headers?: Record<string, string>; timeoutMs?: number }): Promise<T>;
}

/** A key that a log-in gave is 40 hex digits; everything else is a personal access token. */
export const authorization = (token: string): string => (/^[0-9a-f]{40}$/.test(token) ? `Token ${token}` : `Bearer ${token}`);

/** Speaks CVAT's REST API. Throws InputError 403 where the token is refused, and CvatError for all else that fails. */
export function createCvatClient({ url, token, timeoutMs = TIMEOUT_MS }: { url: string; token: string; timeoutMs?: number }): CvatClient {
  const base = url.replace(/\/+$/, "");
  const common = { Authorization: authorization(token), Accept: "application/vnd.cvat+json" };

  async function ask<T>(method: string, path: string, options: { query?: Query; body?: unknown; headers?: Record<string, string>; timeoutMs?: number }): Promise<T> {
    const search = new URLSearchParams(Object.entries(options.query ?? {}).map(([name, value]) => [name, String(value)])).toString();
    const address = `${base}${path}${search === "" ? "" : `?${search}`}`;
    const fail = (status: number | null, detail: string, cause?: unknown) => new CvatError({ method, url: address, status, detail, cause });
    const isForm = options.body instanceof FormData;
    const json = options.body === undefined || isForm ? null : JSON.stringify(options.body);
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, {
        method,
        headers: { ...common, ...(json === null ? {} : { "Content-Type": "application/json" }), ...options.headers },
        body: isForm ? (options.body as FormData) : json,
        // Followed, a POST would become a GET.
        redirect: "manual",
        signal: AbortSignal.timeout(options.timeoutMs ?? timeoutMs),
      });
      text = await response.text();
    } catch (error) {
      throw fail(null, error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error), error);
    }
    if (response.status >= 300 && response.status < 400) throw fail(response.status, `it points to ${response.headers.get("location") ?? "another address"}: set ACTVERSE_CVAT_URL to where it really is`);
    const detail = text.slice(0, DETAIL_CHARACTERS);
    if (response.status === 401 || response.status === 403) throw refused({ method, url: address, status: response.status, detail });
    if (!response.ok) throw fail(response.status, detail);
    if (text === "") return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw fail(response.status, `not JSON, so this is hardly a CVAT: ${detail}`, error);
    }
  }

  return {
    url: base,
    get: (path, query) => ask("GET", path, query === undefined ? {} : { query }),
    async all<T>(path: string, query: Query = {}) {
      const found: T[] = [];
      // Its links to the next page may name an address that only CVAT itself knows: pages are counted instead.
      for (let page = 1; ; page++) {
        const { results, next } = await ask<Page<T>>("GET", path, { query: { ...query, page, page_size: PAGE_SIZE } });
        found.push(...results);
        if (next === null) return found;
      }
    },
    send: (method, path, body, options = {}) => ask(method, path, { body, ...options }),
  };
}

/** What `look` finds, or null where CVAT has no such thing. */
export async function ifThere<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CvatError && error.status === 404) return null;
    throw error;
  }
}
