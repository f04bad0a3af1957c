import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { authorization, createCvatClient, ifThere, type CvatClient } from "./client.ts";

describe("CVAT's client", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const against = async (answer: RequestListener, timeoutMs?: number): Promise<CvatClient> => {
    const listening = createServer(answer);
    server = listening;
    await new Promise<void>((done) => void listening.listen(0, "127.0.0.1", done));
    return createCvatClient({ url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`, token: "t", ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  };

  it("sends a personal access token as a bearer, and a key of a log-in as CVAT's older servers want it", () => {
    expect(authorization("aB3.0123456789abcdef")).toBe("Bearer aB3.0123456789abcdef");
    expect(authorization("0123456789abcdef0123456789abcdef01234567")).toBe("Token 0123456789abcdef0123456789abcdef01234567");
  });

  it("counts pages, and follows no link of theirs", async () => {
    const client = await against((request, response) => {
      const page = Number(new URL(request.url!, "http://x").searchParams.get("page"));
      response.end(JSON.stringify({ count: 3, next: page < 3 ? "http://only.known.inside/api/jobs?page=2" : null, previous: null, results: [page] }));
    });
    expect(await client.all("/api/jobs", { task_id: 1 })).toEqual([1, 2, 3]);
  });

  it("does not wait for ever", async () => {
    const client = await against(() => undefined, 50);
    await expect(client.get("/api/jobs")).rejects.toMatchObject({ name: "CvatError", status: null, url: expect.stringContaining("/api/jobs") as string });
  });

  it.each([
    [401, "InputError", /lets us in no more/],
    [403, "InputError", /lets us in no more/],
    [404, "CvatError", /answered 404 to GET/],
    [429, "CvatError", /slow down/],
    [500, "CvatError", /answered 500/],
    [301, "CvatError", /set ACTVERSE_CVAT_URL to where it really is/],
    [200, "CvatError", /hardly a CVAT/],
  ])("says what a %d means", async (status, name, message) => {
    const client = await against((_request, response) => response.writeHead(status, { location: "https://elsewhere" }).end("<p>slow down"));
    await expect(client.get("/api/jobs")).rejects.toMatchObject({ name, message: expect.stringMatching(message) as string });
  });

  it("tells what is not there from what fails", async () => {
    let status = 404;
    const client = await against((_request, response) => response.writeHead(status).end());
    expect(await ifThere(() => client.get("/api/tasks/1"))).toBeNull();
    status = 500;
    await expect(ifThere(() => client.get("/api/tasks/1"))).rejects.toMatchObject({ name: "CvatError" });
  });
});
