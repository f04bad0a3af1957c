import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";

const TUS_HEADERS = { "Tus-Resumable": "1.0.0", "Tus-Version": "1.0.0", "Cache-Control": "no-store" };

/** Files and fields of a request with Content-Type multipart/form-data. */
export async function formOf(request: FastifyRequest): Promise<{ fields: Record<string, string>; files: { field: string; name: string; content: Buffer }[] }> {
  const form = await new Response(new Uint8Array(request.body as Buffer), { headers: { "Content-Type": request.headers["content-type"]! } }).formData();
  const fields: Record<string, string> = {};
  const files: { field: string; name: string; content: Buffer }[] = [];
  for (const [field, value] of form) {
    if (typeof value === "string") fields[field] = value;
    // Django drops folders from a file's name.
    else files.push({ field, name: basename(value.name), content: Buffer.from(await value.arrayBuffer()) });
  }
  return { fields, files };
}

/** The TUS protocol (1.0.0) as CVAT speaks it: POST with Upload-Length makes a file, PATCH appends to it, HEAD tells how much is there. */
export function createTus() {
  const unfinished = new Map<string, { name: string; length: number; content: Buffer; done: (name: string, content: Buffer) => void }>();
  return {
    start(request: FastifyRequest, reply: FastifyReply, done: (name: string, content: Buffer) => void): FastifyReply {
      const metadata = String(request.headers["upload-metadata"] ?? "").split(",").map((pair) => pair.trim().split(" "));
      const name = Buffer.from(metadata.find(([key]) => key === "filename")?.[1] ?? "", "base64").toString();
      if (name === "" || name.includes("..")) return reply.code(400).headers(TUS_HEADERS).send(`File name ${name} is not allowed`);
      const id = randomUUID();
      unfinished.set(id, { name, length: Number(request.headers["upload-length"]), content: Buffer.alloc(0), done });
      const path = request.url.split("?")[0]!.replace(/\/$/, "");
      return reply.code(201).headers({ ...TUS_HEADERS, Location: `http://${request.headers.host}${path}/${id}`, "Upload-Filename": name }).send();
    },
    head(id: string, reply: FastifyReply): FastifyReply {
      const file = unfinished.get(id);
      if (file === undefined) return reply.code(404).headers(TUS_HEADERS).send();
      return reply.code(200).headers({ ...TUS_HEADERS, "Upload-Offset": String(file.content.length), "Upload-Length": String(file.length) }).send();
    },
    append(id: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
      const file = unfinished.get(id);
      if (file === undefined) return reply.code(404).headers(TUS_HEADERS).send();
      if (Number(request.headers["upload-offset"]) !== file.content.length) return reply.code(409).headers(TUS_HEADERS).send();
      file.content = Buffer.concat([file.content, request.body as Buffer]);
      if (file.content.length > file.length) return reply.code(413).headers(TUS_HEADERS).send();
      if (file.content.length === file.length) {
        unfinished.delete(id);
        file.done(file.name, file.content);
      }
      return reply.code(204).headers({ ...TUS_HEADERS, "Upload-Offset": String(file.content.length), "Upload-Filename": file.name }).send();
    },
  };
}
