import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeyStore } from "./keys.ts";
import { send, startLab, type Lab } from "./lab.test-suite.ts";

const LAB = "https://lab.example.org";
const EVIL = "https://evil.example";

let lab: Lab;
let token: string;
beforeAll(async () => {
  lab = await startLab();
  token = (await createKeyStore({ storage: lab.storage }).add({ userId: "ada", admin: false })).token;
});
afterAll(() => lab.stop());
const bearer = () => ({ authorization: `Bearer ${token}` });
const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type,idempotency-key" };

describe("pages of other origins", () => {
  it("get nothing by default", async () => {
    const app = await lab.app();
    const asked = await app.inject({ method: "OPTIONS", url: "/tasks/", headers: { origin: LAB, ...preflight } });
    expect(asked.statusCode).toBe(405);
    const read = await send(app, "GET", "/tasks/", { headers: { ...bearer(), origin: LAB } });
    for (const headers of [asked.headers, read.headers]) expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(await send(app, "POST", "/tasks/", { body: lab.body, headers: { ...bearer(), origin: LAB } })).toMatchObject({ status: 403, body: { field: "Origin" } });
  });

  it("that are named may call with a key, others may not", async () => {
    const app = await lab.app({ corsOrigins: [LAB] });
    const asked = await app.inject({ method: "OPTIONS", url: "/tasks/", headers: { origin: LAB, ...preflight } });
    expect(asked).toMatchObject({ statusCode: 204, headers: { "access-control-allow-origin": LAB, "access-control-allow-headers": preflight["access-control-request-headers"], "access-control-allow-methods": expect.stringContaining("DELETE") } });
    expect(asked.headers).not.toHaveProperty("access-control-allow-credentials");
    expect(await send(app, "POST", "/tasks/", { body: lab.body, headers: { ...bearer(), origin: LAB } })).toMatchObject({ status: 201, headers: { "access-control-allow-origin": LAB, "access-control-expose-headers": expect.stringContaining("location"), vary: expect.stringContaining("Origin") } });
    // A page must be able to read why it was refused.
    expect(await send(app, "GET", "/tasks/", { headers: { origin: LAB } })).toMatchObject({ status: 401, headers: { "access-control-allow-origin": LAB } });

    for (const origin of [EVIL, "null", "https://lab.example.org.evil.example", "http://lab.example.org"]) {
      const refused = await app.inject({ method: "OPTIONS", url: "/tasks/", headers: { origin, ...preflight } });
      expect(refused.headers, origin).not.toHaveProperty("access-control-allow-origin");
      expect((await send(app, "GET", "/tasks/", { headers: { ...bearer(), origin } })).headers, origin).not.toHaveProperty("access-control-allow-origin");
      expect(await send(app, "POST", "/tasks/", { body: lab.body, headers: { ...bearer(), origin } }), origin).toMatchObject({ status: 403, body: { field: "Origin" } });
    }
  });

  it("never act with a browser's session, also where they are named", async () => {
    const app = await lab.app({ corsOrigins: [LAB] });
    const signedIn = await send(app, "POST", "/session", { body: { api_key: token } });
    const headers = { cookie: String(signedIn.headers["set-cookie"]).split(";")[0]!, "x-csrf-token": signedIn.body["csrf_token"] as string };
    expect((await send(app, "GET", "/tasks/", { headers })).status).toBe(200);
    expect((await send(app, "GET", "/tasks/", { headers: { ...headers, origin: LAB } })).status).toBe(401);
    expect((await send(app, "POST", "/tasks/", { body: lab.body, headers: { ...headers, origin: LAB } })).status).toBe(401);
  });
});

describe("behind a proxy", () => {
  const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "actverse.example.org", "x-forwarded-for": "203.0.113.9" };
  const cookieOf = async (options: Parameters<Lab["app"]>[0], remoteAddress: string) => {
    const app = await lab.app(options);
    const { headers } = await app.inject({ method: "POST", url: "/session", payload: { api_key: token }, headers: forwarded, remoteAddress });
    return String(headers["set-cookie"]);
  };

  it("that is named, https makes the session cookie Secure, and the origin is the one that browsers see", async () => {
    expect(await cookieOf({ trustProxy: ["10.0.0.0/8"] }, "10.1.2.3")).toContain("; Secure");
    const app = await lab.app({ trustProxy: ["10.0.0.0/8"] });
    const make = (origin: string) => app.inject({ method: "POST", url: "/tasks/", payload: lab.body, headers: { ...forwarded, ...bearer(), origin }, remoteAddress: "10.1.2.3" });
    expect((await make("https://actverse.example.org")).statusCode).toBe(201);
    expect((await make(EVIL)).statusCode).toBe(403);
  });

  it("that is not named, its word counts for nothing", async () => {
    for (const [trustProxy, address] of [[[], "10.1.2.3"], [["10.0.0.0/8"], "192.168.0.1"]] as [string[], string][]) expect(await cookieOf({ trustProxy }, address)).not.toContain("Secure");
  });

  it("the limit of requests counts each client, not the proxy", async () => {
    const app = await lab.app({ trustProxy: ["10.0.0.0/8"], requestsPerMinute: 1 });
    const health = async (client: string) => (await app.inject({ method: "GET", url: "/health", headers: { "x-forwarded-for": client }, remoteAddress: "10.1.2.3" })).statusCode;
    expect([await health("203.0.113.1"), await health("203.0.113.2"), await health("203.0.113.1")]).toEqual([200, 200, 429]);
  });
});
