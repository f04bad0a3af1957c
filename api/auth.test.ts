import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import { freePort } from "../scripts/ports.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";
import { createTemporalGateway } from "./temporal.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.stop());

describe("without keys", () => {
  it("is the user `local`, and only under this machine's own names", async () => {
    const app = await lab.app();
    expect((await send(app, "GET", "/session")).body).toEqual({ user_id: "local", admin: true, authentication: "off", csrf_token: "" });
    expect((await send(app, "POST", "/session", { body: { api_key: "x" } })).body).toMatchObject({ authentication: "off" });
    for (const host of ["localhost:8080", "127.0.0.1", "[::1]:8080"]) expect((await send(app, "GET", "/session", { headers: { host } })).status, host).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example", "192.168.0.2:8080", "127.0.0.1.nip.io", "@:"]) {
      for (const url of ["/session", "/tasks/", "/health", "/"]) expect((await send(app, "GET", url, { headers: { host } })).status, `${host} ${url}`).toBe(403);
    }
  });

  it("lets nobody in where others could reach it", async () => {
    const app = await lab.app({ auth: { allowAnonymous: false } });
    expect(await send(app, "GET", "/tasks/")).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer", "content-type": "application/problem+json" } });
    expect((await send(app, "GET", "/session")).status).toBe(401);
    expect((await send(app, "GET", "/health")).status).toBe(200);
  });

  it("refuses changes from pages of other origins", async () => {
    const app = await lab.app();
    for (const origin of ["https://evil.example", "null", "http://localhost:1"]) {
      expect(await send(app, "POST", "/tasks/", { body: lab.body, headers: { origin, host: "localhost:8080" } }), origin).toMatchObject({ status: 403, body: { field: "Origin" } });
    }
    expect((await send(app, "POST", "/tasks/", { body: lab.body, headers: { origin: "http://localhost:8080", host: "localhost:8080" } })).status).toBe(201);
  });
});

describe("with keys", () => {
  let app: App;
  let tokens: { ada: string; bob: string; admin: string };
  let taskId: string;
  const as = (token: string) => ({ authorization: `Bearer ${token}` });

  beforeAll(async () => {
    const keys = createKeyStore({ storage: lab.storage });
    tokens = { ada: (await keys.add({ userId: "ada", admin: false })).token, bob: (await keys.add({ userId: "bob", admin: false })).token, admin: (await keys.add({ userId: "root", admin: true })).token };
    app = await lab.app();
    await lab.startWorkers();
    taskId = (await send(app, "POST", "/tasks/", { body: lab.body, headers: as(tokens.ada) })).body["task_id"] as string;
    await untilStatus(app, taskId, "waiting", as(tokens.ada));
  });

  it("makes tasks for the caller, and for others only by an admin", async () => {
    const body = { ...lab.body, user_id: "bob" };
    expect(await send(app, "POST", "/tasks/", { body, headers: as(tokens.ada) })).toMatchObject({ status: 403, body: { field: "user_id" } });
    const { status, body: made } = await send(app, "POST", "/tasks/", { body, headers: as(tokens.admin) });
    expect(status).toBe(201);
    expect((await send(app, "GET", `/status/${made["task_id"]}`, { headers: as(tokens.bob) })).status).toBe(200);
    expect((await send(app, "GET", `/status/${made["task_id"]}`, { headers: as(tokens.ada) })).status).toBe(404);
    // One person's Idempotency-Key is nobody else's.
    const key = { "idempotency-key": "same" };
    const [hers, his] = [await send(app, "POST", "/tasks/", { body: lab.body, headers: { ...as(tokens.ada), ...key } }), await send(app, "POST", "/tasks/", { body, headers: { ...as(tokens.bob), ...key } })];
    expect([hers.status, his.status]).toEqual([201, 201]);
    expect(hers.body["task_id"]).not.toBe(his.body["task_id"]);
  });

  it("signs a browser in, whose changes then need the session's CSRF token", async () => {
    expect(await send(app, "POST", "/session", { body: { api_key: "av_wrong" } })).toMatchObject({ status: 401, body: { field: "api_key" } });
    const signedIn = await send(app, "POST", "/session", { body: { api_key: tokens.ada } });
    expect(signedIn.body).toMatchObject({ user_id: "ada", admin: false, authentication: "keys" });
    const setCookie = String(signedIn.headers["set-cookie"]);
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"]) expect(setCookie).toContain(part);
    expect(setCookie).not.toContain(tokens.ada);
    const cookie = setCookie.split(";")[0]!;
    const csrf = signedIn.body["csrf_token"] as string;
    expect((await send(app, "GET", "/session", { headers: { cookie } })).body).toEqual(signedIn.body);
    expect((await send(app, "GET", `/status/${taskId}`, { headers: { cookie } })).status).toBe(200);

    const save = (headers: Record<string, string>) => send(app, "PUT", `/labeling/${taskId}/frames/20`, { body: { version: 0, reviewed: false, objects: [] }, headers: { cookie, ...headers } });
    for (const token of [undefined, "", `${csrf}x`, "wrong"]) expect(await save(token === undefined ? {} : { "x-csrf-token": token })).toMatchObject({ status: 403, body: { field: "x-csrf-token" } });
    expect(await save({ "x-csrf-token": csrf, origin: "https://evil.example" })).toMatchObject({ status: 403, body: { field: "Origin" } });
    // Another API process knows the session as well.
    expect((await send(await lab.app(), "PUT", `/labeling/${taskId}/frames/20`, { body: { version: 0, reviewed: false, objects: [] }, headers: { cookie, "x-csrf-token": csrf } })).body).toMatchObject({ version: 1, updated_by: "ada" });

    const out = await send(app, "DELETE", "/session", { headers: { cookie } });
    expect(out.status).toBe(204);
    expect(String(out.headers["set-cookie"])).toContain("actverse_session=;");
  });

  it("a revoked key ends its sessions", async () => {
    const keys = createKeyStore({ storage: lab.storage });
    const { key, token } = await keys.add({ userId: "eve", admin: false });
    const fresh = await lab.app();
    const cookie = String((await send(fresh, "POST", "/session", { body: { api_key: token } })).headers["set-cookie"]).split(";")[0]!;
    expect((await send(fresh, "GET", "/session", { headers: { cookie } })).status).toBe(200);
    await keys.revoke(key.id);
    const later = await lab.app();
    expect((await send(later, "GET", "/session", { headers: { cookie } })).status).toBe(401);
    expect((await send(later, "GET", "/tasks/", { headers: as(token) })).status).toBe(401);
  });
});

describe("every answer", () => {
  it("has the headers that keep browsers safe, and is cached by nobody but for assets", async () => {
    const app = await lab.app();
    for (const url of ["/", "/task/0123456789ab", "/label/0123456789ab"]) {
      const page = await send(app, "GET", url);
      expect(page, url).toMatchObject({ status: 200, text: expect.stringContaining("Actverse"), headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-cache", "x-content-type-options": "nosniff" } });
      expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
      expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    }
    expect((await send(app, "GET", "/assets/app-1a2b.js")).headers).toMatchObject({ "cache-control": "public, max-age=31536000, immutable", "content-type": expect.stringContaining("javascript") });
    expect((await send(app, "GET", "/nowhere")).headers).toMatchObject({ "cache-control": "no-store", "content-security-policy": expect.any(String) });
    for (const url of ["/assets/../../package.json", "/assets/..%2f..%2fdata%2fauth%2fkeys.json", "/index.html%00"]) expect([404, 400], url).toContain((await send(app, "GET", url)).status);
  });

  it("that is a page says what to do where the pages were not built", async () => {
    const app = await lab.app({ webRoot: "/nowhere" });
    expect(await send(app, "GET", "/")).toMatchObject({ status: 503, body: { what_to_do: expect.stringContaining("npm run web") } });
  });

  it("comes from a route with a policy, or the app does not start", async () => {
    await expect(lab.app({ extend: (open) => void open.get("/open", async () => "hello") })).rejects.toThrow("routes without a policy: GET /open");
  });

  it("to a wrong method names the right ones; to a wrong address it is 404", async () => {
    const app = await lab.app();
    for (const [method, url, allow] of [["PATCH", "/tasks/", "POST, GET, HEAD"], ["DELETE", "/status/0123456789ab", "GET, HEAD"], ["TRACE", "/health", "GET, HEAD"], ["PUT", "/tasks/0123456789ab/retry", "POST"]]) {
      const answer = await app.inject({ method: method as "GET", url: url! });
      expect(answer.statusCode, `${method} ${url}`).toBe(405);
      expect(answer.headers["allow"]!.split(", ").toSorted()).toEqual(allow!.split(", ").toSorted());
      expect(answer.headers["content-type"]).toBe("application/problem+json");
    }
    for (const url of ["/nowhere", "/tasks/x/y/z", `/tasks/${"x".repeat(500)}/results/${"y".repeat(500)}`, "/status/%", "/status/%ff"]) {
      expect(await send(app, "GET", url), url).toMatchObject({ status: 404, body: { status: 404 }, headers: { "content-type": "application/problem+json" } });
    }
  });

  it("says `too many` as a problem", async () => {
    const app = await lab.app({ requestsPerMinute: 2 });
    const answers = [await send(app, "GET", "/health"), await send(app, "GET", "/health"), await send(app, "GET", "/health")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[2]).toMatchObject({ body: { status: 429, what_to_do: expect.stringContaining("wait") }, headers: { "content-type": "application/problem+json" } });
  });

  it("tells nothing of our insides", async () => {
    const keys = createKeyStore({ storage: lab.storage });
    const { token } = await keys.add({ userId: "mia", admin: false });
    const headers = { authorization: `Bearer ${token}` };
    const app = await lab.app({ temporal: { ...lab.temporal, list: () => Promise.reject(new Error("secret of /home/x")) } });
    await send(app, "POST", "/tasks/", { headers, body: { ...lab.body, user_id: "mia" } });
    const answer = await send(app, "GET", "/tasks/", { headers });
    expect(answer).toMatchObject({ status: 500, body: { title: "Internal Server Error" } });
    expect(answer.text).not.toContain("secret");
  });
});

it("while Temporal is away: health says so, ended tasks are shown, the rest is 503", async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  const keys = createKeyStore({ storage: lab.storage });
  const { token } = await keys.add({ userId: "away", admin: false });
  const app = await lab.app({ temporal: createTemporalGateway({ client: new Client({ connection }), kindOf: () => Promise.resolve(null) }) });
  const headers = { authorization: `Bearer ${token}` };
  const taskId = makeId();
  await lab.storage.put(taskKeys(taskId).record, JSON.stringify({ task_id: taskId, status: "completed", user_id: "away", project: "p", round: 1, created_at: "2026-01-01T00:00:00Z", ended_at: null, waiting_for: null, steps: [], settings: {}, timeline: [] }));
  const [health, ended, other] = await Promise.all([send(app, "GET", "/health"), send(app, "GET", `/status/${taskId}`, { headers }), send(app, "GET", `/status/${makeId()}`, { headers })]);
  expect(health.body).toEqual({ status: "ok", version: "1.2.3", temporal: "unreachable" });
  expect(ended.body).toMatchObject({ status: "completed", answered_by: "record" });
  expect(other).toMatchObject({ status: 503, body: { detail: "Temporal does not answer" } });
  await connection.close();
});
