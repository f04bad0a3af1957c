import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClient, LabelStudioError } from "./client.ts";

const jwt = (claims: object): string => `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
const PERSONAL = jwt({ token_type: "refresh", exp: inSeconds(1e6) });

let server: Server;
let url: string;
/** `METHOD path authorization` of each request. */
let seen: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const json = (response: ServerResponse, status: number, body: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/label-studio`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("the client of Label Studio's API", () => {
  it("sends a legacy token as it is, under the path that Label Studio has", async () => {
    answer = (_request, response) => json(response, 200, { id: 3 });
    expect(await createClient({ url, token: "0123abcd" }).get("/api/projects/3/", { page: 1, all: true })).toEqual({ id: 3 });
    expect(seen).toEqual(["GET /label-studio/api/projects/3/?page=1&all=true Token 0123abcd"]);
  });

  it("exchanges a personal token once for all, and again before the short one ends", async () => {
    let made = 0;
    let life = 300;
    answer = (request, response) => json(response, 200, request.url!.includes("/token/") ? { access: jwt({ token_type: "access", exp: inSeconds(life), n: ++made }) } : {});
    const client = createClient({ url, token: PERSONAL });
    await Promise.all([client.get("/a"), client.get("/b"), client.send("DELETE", "/c")]);
    expect(made).toBe(1);
    expect(seen.filter((line) => line.includes("/token/"))).toEqual(["POST /label-studio/api/token/refresh/ -"]);
    expect(seen.filter((line) => line.includes("Bearer eyJ"))).toHaveLength(3);
    life = 20;
    const other = createClient({ url, token: PERSONAL });
    await other.get("/a");
    await other.get("/a");
    expect(made).toBe(3);
  });

  it("renews an access token that is refused, once", async () => {
    let made = 0;
    answer = (request, response) => {
      if (request.url!.includes("/token/")) json(response, 200, { access: jwt({ exp: inSeconds(300), n: ++made }) });
      else json(response, made === 2 ? 200 : 401, {});
    };
    const client = createClient({ url, token: PERSONAL });
    await client.get("/a");
    expect(made).toBe(2);
    answer = (request, response) => json(response, request.url!.includes("/token/") ? 200 : 401, { access: jwt({ exp: inSeconds(300) }) });
    seen = [];
    await expect(client.get("/a")).rejects.toMatchObject({ name: "InputError", status: 403, field: "ACTVERSE_LABEL_STUDIO_TOKEN" });
    expect(seen).toHaveLength(3);
  });

  it("says which variable to mend where the token is no good, or not good enough", async () => {
    answer = (_request, response) => json(response, 401, { detail: "Token is invalid" });
    for (const token of [PERSONAL, "legacy"]) await expect(createClient({ url, token }).get("/a")).rejects.toMatchObject({ name: "InputError", status: 403, field: "ACTVERSE_LABEL_STUDIO_TOKEN" });
    answer = (_request, response) => json(response, 403, { detail: "You do not have permission" });
    await expect(createClient({ url, token: "legacy" }).send("POST", "/a", {})).rejects.toMatchObject({ name: "InputError", status: 403, message: expect.stringContaining("You do not have permission") as string });
  });

  it("says which variable to mend where the address is not Label Studio's", async () => {
    answer = (_request, response) => void response.writeHead(301, { location: "https://label.lab/api/a" }).end();
    await expect(createClient({ url, token: "t" }).send("POST", "/a", {})).rejects.toMatchObject({ name: "InputError", status: 404, field: "ACTVERSE_LABEL_STUDIO_URL", message: expect.stringContaining("https://label.lab/api/a") as string });
    answer = (_request, response) => void response.end("<html>Welcome to nginx</html>");
    await expect(createClient({ url, token: "t" }).get("/a")).rejects.toMatchObject({ name: "InputError", field: "ACTVERSE_LABEL_STUDIO_URL" });
  });

  it("throws what may be over later as an error of its own, with status, address and cause", async () => {
    answer = (_request, response) => json(response, 503, { detail: "database is locked" });
    const error: unknown = await createClient({ url, token: "t" }).get("/a").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LabelStudioError);
    expect(error).toMatchObject({ status: 503, url: `${url}/a?`, message: expect.stringContaining("database is locked") as string });
    answer = (request) => request.socket.destroy();
    const gone = createClient({ url, token: PERSONAL }).get("/a");
    await expect(gone).rejects.toMatchObject({ name: "LabelStudioError", status: null, cause: expect.anything() as unknown });
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    await new Promise((resolve) => other.close(resolve));
    await expect(createClient({ url: `http://127.0.0.1:${port}`, token: "t" }).get("/a")).rejects.toMatchObject({ name: "LabelStudioError", message: expect.stringContaining("ECONNREFUSED") as string });
  });

  it("never shows the token", async () => {
    answer = (_request, response) => json(response, 500, {});
    const error = (await createClient({ url, token: "canary" }).get("/a").catch((thrown: unknown) => thrown)) as Error;
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("canary");
  });

  it("uploads files under their names", async () => {
    let body = "";
    answer = (request, response) => {
      request.on("data", (data: Buffer) => (body += data.toString("latin1")));
      request.on("end", () => json(response, 201, {}));
    };
    await createClient({ url, token: "t" }).upload("/a", [{ name: "f-00000025.jpg", content: Buffer.from("picture") }]);
    expect(body).toContain('filename="f-00000025.jpg"');
    expect(body).toContain("picture");
  });
});
