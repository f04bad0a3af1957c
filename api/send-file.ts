import type { FastifyReply, FastifyRequest } from "fastify";
import { extname } from "node:path";
import { Readable } from "node:stream";
import type { Storage } from "../adapters/storage/storage.ts";
import { InputError } from "../domain/errors.ts";
import { HttpProblem } from "./problems.ts";

const TYPES: Record<string, string> = {
  ".json": "application/json; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".mp4": "video/mp4",
  ".jpg": "image/jpeg",
  ".ipynb": "application/x-ipynb+json",
  ".html": "text/html; charset=utf-8",
  ".parquet": "application/vnd.apache.parquet",
  ".zip": "application/zip",
};
/** These open in the browser; the rest is saved. */
const INLINE = new Set([".mp4", ".jpg", ".json", ".html"]);
/** A report has no script and fetches nothing; its pictures are in it: whatever stands in it can do nothing here. Its links lead to files of the same task, which need the session. */
const REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-same-origin";

/** One range of `Range: bytes=...`; null: none, or one that HTTP says to ignore. Throws 416. */
export function rangeOf(header: string | undefined, size: number): { start: number; end: number } | null {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (parts === null || (parts[1] === "" && parts[2] === "")) return null;
  const [from, to] = [parts[1]!, parts[2]!];
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < start) return null;
  if (start >= size || end < start) throw new HttpProblem({ status: 416, field: "Range", message: `the file has ${size} bytes`, whatToDo: "ask for a range within it" });
  return { start, end };
}

/** Answers with an object of storage, or a part of it. 404 where there is none. */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, { storage, key, cache }: { storage: Storage; key: string; cache: string }): Promise<FastifyReply> {
  const size = await storage.size(key);
  const name = key.slice(key.lastIndexOf("/") + 1);
  if (size === null) throw new InputError({ field: "name", message: `there is no ${name} (yet)`, whatToDo: "wait until the step that makes it is done", status: 404 });
  const extension = extname(name);
  const range = rangeOf(request.headers.range, size);
  void reply
    .type(TYPES[extension] ?? "application/octet-stream")
    .header("accept-ranges", "bytes")
    .header("cache-control", cache)
    .header("content-disposition", `${INLINE.has(extension) ? "inline" : "attachment"}; filename="${name}"`);
  if (extension === ".html") void reply.header("content-security-policy", REPORT_POLICY);
  if (range !== null) void reply.code(206).header("content-range", `bytes ${range.start}-${range.end}/${size}`);
  void reply.header("content-length", range === null ? size : range.end - range.start + 1);
  // The answer to HEAD is the headers alone; the file need not be read for that.
  return await reply.send(size === 0 || request.method === "HEAD" ? Readable.from([]) : await storage.stream(key, range ?? undefined));
}
