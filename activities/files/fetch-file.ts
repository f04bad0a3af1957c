import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { FileAccess } from "../deps.ts";
import { getUrl, urlError } from "./http-get.ts";

/** What is known of a file that is only partly here: enough to go on with exactly that one. */
interface Partial {
  url: string;
  /** A strong ETag or a Last-Modified time, as If-Range takes it; null: the server cannot say, so each attempt starts anew. */
  validator: string | null;
  total: number | null;
}

interface FetchOptions {
  url: string;
  /** The unfinished file, kept between attempts; beside it lies `{file}.json`. */
  file: string;
  access: Pick<FileAccess, "allowedHosts" | "maxBytes">;
  signal: AbortSignal;
  onProgress: (done: number, total: number | null) => void;
  /** Called once with what is still to come, before the first byte is written. */
  checkSpace: (bytes: number) => Promise<void>;
}

/** Downloads a URL into a file, going on where an earlier attempt stopped; resolves when the file is whole. InputError where trying again cannot help. */
export async function fetchFile(options: FetchOptions): Promise<void> {
  const note = `${options.file}.json`;
  const known = await readFile(note, "utf8").then((text) => JSON.parse(text) as Partial, () => null);
  const here = await stat(options.file).then((found) => found.size, () => 0);
  const resumable = known !== null && known.url === options.url && known.validator !== null && here > 0;
  if (resumable && known.total === here) return;

  const headers = { "accept-encoding": "identity", "user-agent": "actverse" };
  const range = resumable ? { range: `bytes=${here}-`, "if-range": known.validator ?? "" } : {};
  const response = await getUrl({ url: options.url, headers: { ...headers, ...range }, allowedHosts: options.access.allowedHosts, signal: options.signal });
  try {
    const start = await startOf(response, here, options.file);
    const length = response.headers["content-length"] === undefined ? null : Number(response.headers["content-length"]);
    const total = length === null ? null : start + length;
    if (total !== null && total > options.access.maxBytes) throw tooLarge(total, options.access.maxBytes);
    await options.checkSpace(length ?? 0);
    await writeFile(note, JSON.stringify({ url: options.url, validator: validatorOf(response), total } satisfies Partial));
    const size = await receive(response, { ...options, start, total });
    if (total !== null && size !== total) throw new Error(`the download stopped at ${size} of ${total} bytes`);
  } finally {
    response.destroy();
  }
}

export async function forgetFile(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(`${file}.json`, { force: true });
}

/** From which byte the answer goes on; throws for answers that are no file. */
async function startOf(response: IncomingMessage, here: number, file: string): Promise<number> {
  const status = response.statusCode ?? 0;
  const encoding = response.headers["content-encoding"];
  if (status === 404 || status === 410) throw urlError(`The server has no such file (${status}).`, "Check the URL in a browser.", 404);
  if (status === 401 || status === 403) throw urlError(`The server does not give the file to us (${status}).`, "Give an address that needs no login, such as a signed link that is still valid.", 403);
  if (status === 200 || status === 206) {
    if (encoding !== undefined && encoding !== "identity") throw urlError(`The server sends the file as ${encoding} although asked not to.`, "Give the address of the file itself.");
    if (status === 200) return 0;
    const from = /^bytes (\d+)-/.exec(response.headers["content-range"] ?? "")?.[1];
    if (Number(from) === here) return here;
  }
  if (status === 206 || status === 416) {
    await forgetFile(file);
    throw new Error(`the server answered a request for the rest with ${status} ${response.headers["content-range"] ?? ""}: starting anew`);
  }
  if (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429) throw urlError(`The server refuses the request (${status}).`, "Check the URL in a browser.");
  throw new Error(`the server answered ${status}`);
}

async function receive(response: IncomingMessage, options: FetchOptions & { start: number; total: number | null }): Promise<number> {
  const target = await open(options.file, options.start > 0 ? "r+" : "w");
  let size = options.start;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (size + chunk.length > options.access.maxBytes) throw tooLarge(size + chunk.length, options.access.maxBytes);
      // At its own place: an attempt that lingers on writes the same bytes to the same place.
      await target.write(chunk, 0, chunk.length, size);
      size += chunk.length;
      options.onProgress(size, options.total);
    }
    return size;
  } finally {
    await target.close();
  }
}

function validatorOf(response: IncomingMessage): string | null {
  const { etag } = response.headers;
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  return response.headers["last-modified"] ?? null;
}

const tooLarge = (bytes: number, limit: number): Error =>
  urlError(`The file is too large: ${bytes} bytes or more, and ${limit} are allowed.`, "Give a shorter or more strongly compressed video, or raise the limit for downloads.");
