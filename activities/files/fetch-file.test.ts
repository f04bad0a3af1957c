import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../domain/errors.ts";
import { fetchFile } from "./fetch-file.ts";

const content = randomBytes(300_000);
let folder = "";
let server: Server;
let requests: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-fetch-"));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const urlOf = (path: string, host = "127.0.0.1"): string => `http://${host}:${(server.address() as AddressInfo).port}${path}`;
const seen: [number, number | null][] = [];
const fetchTo = (url: string, more: { allowedHosts?: string[]; maxBytes?: number } = {}): Promise<void> =>
  fetchFile({
    url,
    file: join(folder, "x.part"),
    access: { allowedHosts: more.allowedHosts ?? ["127.0.0.1"], maxBytes: more.maxBytes ?? 1e9 },
    signal: new AbortController().signal,
    onProgress: (done, total) => seen.push([done, total]),
    checkSpace: async () => undefined,
  });
const failure = (work: Promise<unknown>): Promise<unknown> => work.then(() => null, (error: unknown) => error);

/** Serves `content` with ranges; cuts the connection after `cutAfter` bytes of an answer. */
function serve(options: { etag?: string; cutAfter?: () => number | null } = {}): typeof answer {
  return (request, response) => {
    const etag = options.etag ?? '"one"';
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    const start = range !== undefined && request.headers["if-range"] === etag ? Number(range) : 0;
    response.writeHead(start > 0 ? 206 : 200, { etag, "content-length": content.length - start, ...(start > 0 ? { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` } : {}) });
    const cut = options.cutAfter?.() ?? null;
    if (cut === null) response.end(content.subarray(start));
    else response.write(content.subarray(start, start + cut), () => setTimeout(() => response.destroy(), 50));
  };
}

describe("fetchFile", () => {
  it("downloads a whole file and says how far it is", async () => {
    answer = serve();
    await fetchTo(urlOf("/v.mp4"));
    expect((await readFile(join(folder, "x.part"))).equals(content)).toBe(true);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
  });

  it("goes on where a cut connection stopped, and asks for nothing when all is there", async () => {
    let attempt = 0;
    answer = serve({ cutAfter: () => (attempt++ === 0 ? 100_000 : null) });
    const first = await failure(fetchTo(urlOf("/v.mp4")));
    expect(first).toBeInstanceOf(Error);
    expect(first).not.toBeInstanceOf(InputError);
    await fetchTo(urlOf("/v.mp4"));
    expect(requests[1]?.headers.range).toBe("bytes=100000-");
    expect(requests[1]?.headers["if-range"]).toBe('"one"');
    expect((await readFile(join(folder, "x.part"))).equals(content)).toBe(true);
    await fetchTo(urlOf("/v.mp4"));
    expect(requests).toHaveLength(2);
  });

  it("starts anew when the file has changed meanwhile", async () => {
    answer = serve({ etag: '"old"', cutAfter: () => 100_000 });
    await failure(fetchTo(urlOf("/v.mp4")));
    answer = serve({ etag: '"new"' });
    await fetchTo(urlOf("/v.mp4"));
    expect((await readFile(join(folder, "x.part"))).equals(content)).toBe(true);
  });

  it.each([
    [404, /no such file/],
    [403, /does not give/],
    [400, /refuses/],
  ])("gives up on %i", async (status, says) => {
    answer = (_request, response) => response.writeHead(status).end();
    const error = await failure(fetchTo(urlOf("/v.mp4")));
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(says);
  });

  it.each([500, 503, 429])("leaves %i to a retry", async (status) => {
    answer = (_request, response) => response.writeHead(status).end();
    const error = await failure(fetchTo(urlOf("/v.mp4")));
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(InputError);
  });

  it("refuses what is too large, by its header and by its bytes", async () => {
    answer = serve();
    expect(await failure(fetchTo(urlOf("/v.mp4"), { maxBytes: 1000 }))).toBeInstanceOf(InputError);
    answer = (_request, response) => {
      response.writeHead(200);
      response.end(content);
    };
    expect(await failure(fetchTo(urlOf("/v.mp4"), { maxBytes: 1000 }))).toBeInstanceOf(InputError);
  });

  it("refuses private addresses in every notation", async () => {
    answer = serve();
    const { port } = server.address() as AddressInfo;
    const hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "[fe80::1]", "[fd00::1]"];
    for (const host of hosts) {
      const error = await failure(fetchTo(`http://${host}:${port}/v.mp4`, { allowedHosts: [] }));
      expect(error, host).toBeInstanceOf(InputError);
      expect((error as InputError).message, host).toMatch(/private or reserved/);
    }
    expect(requests).toHaveLength(0);
  });

  it("refuses a redirect from an allowed host to one that is not, and to another protocol; follows others", async () => {
    answer = (request, response) => {
      if (request.url === "/ok") return void response.writeHead(302, { location: "/v.mp4" }).end();
      if (request.url === "/private") return void response.writeHead(302, { location: urlOf("/v.mp4", "localhost") }).end();
      if (request.url === "/file") return void response.writeHead(302, { location: "file:///etc/passwd" }).end();
      if (request.url === "/loop") return void response.writeHead(302, { location: "/loop" }).end();
      return serve()(request, response);
    };
    for (const path of ["/private", "/file", "/loop"]) expect(await failure(fetchTo(urlOf(path))), path).toBeInstanceOf(InputError);
    expect(requests.some((request) => request.headers.host?.startsWith("localhost"))).toBe(false);
    await fetchTo(urlOf("/ok"));
    expect((await readFile(join(folder, "x.part"))).equals(content)).toBe(true);
  });
});
