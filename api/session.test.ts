import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import { apiKeys } from "../domain/layout.ts";
import { createKeyStore } from "./keys.ts";
import { OIDC_SESSION_SECONDS, SESSION_SECONDS, createSessions } from "./session.ts";

let folder: string;
let storage: Storage;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-"));
  storage = createLocalStorage({ root: folder });
});
afterEach(() => rm(folder, { recursive: true }));

describe("sessions", () => {
  it("outlive a restart: only the secret in storage is needed", async () => {
    const cookie = await createSessions({ storage }).seal({ key: "key1" });
    const later = createSessions({ storage });
    expect(await later.open(cookie)).toEqual({ key: "key1" });
    expect(await later.csrfHolds(cookie, await createSessions({ storage }).csrfToken(cookie))).toBe(true);
  });

  it("refuse what is forged, cut, of another secret, or too old", async () => {
    const sessions = createSessions({ storage });
    const cookie = await sessions.seal({ key: "key1" });
    for (const bad of [cookie.replace("key1", "key2"), cookie.slice(0, -1), "", ".", "a.b.c.d", `${cookie}é`, cookie.replace(/.$/, "é")]) expect(await sessions.open(bad), bad).toBeNull();
    expect(await sessions.open(cookie, Date.now() + SESSION_SECONDS * 1000 + 1000)).toBeNull();
    const other = await mkdtemp(join(tmpdir(), "actverse-"));
    expect(await createSessions({ storage: createLocalStorage({ root: other }) }).open(cookie)).toBeNull();
    await rm(other, { recursive: true });
  });

  it("of the identity provider's users are shorter, and never taken for a key's", async () => {
    const sessions = createSessions({ storage });
    const cookie = await sessions.seal({ user: "ada@lab.example" });
    expect(await sessions.open(cookie)).toEqual({ user: "ada@lab.example" });
    expect(await sessions.open(cookie, Date.now() + OIDC_SESSION_SECONDS * 1000 + 1000)).toBeNull();
  });

  it("on the way to the identity provider and back are kept for ten minutes, unchanged", async () => {
    const sessions = createSessions({ storage });
    const login = { verifier: "v", state: "s", nonce: "n", to: "/task/x?a=b" };
    const cookie = await sessions.sealLogin(login);
    expect(await createSessions({ storage }).openLogin(cookie)).toEqual(login);
    for (const bad of ["", ".", "a.b", cookie.slice(0, -1), `x${cookie}`, await sessions.seal({ key: "key1" })]) expect(await sessions.openLogin(bad), bad).toBeNull();
    expect(await sessions.openLogin(cookie, Date.now() + 601_000)).toBeNull();
    expect(await sessions.open(cookie)).toBeNull();
  });

  it("have each a CSRF token of their own", async () => {
    const sessions = createSessions({ storage });
    const [a, b] = [await sessions.seal({ key: "key1" }), await sessions.seal({ key: "key1" })];
    expect(await sessions.csrfHolds(a, await sessions.csrfToken(b))).toBe(false);
    expect(await sessions.csrfHolds(a, "")).toBe(false);
  });
});

describe("keys", () => {
  it("are found by their token, which is kept nowhere", async () => {
    const keys = createKeyStore({ storage });
    expect(await keys.keys()).toBeNull();
    const { key, token } = await keys.add({ userId: "ada", admin: false });
    expect(token).toMatch(/^av_[A-Za-z0-9_-]{43}$/);
    expect(await keys.byToken(token)).toEqual(key);
    expect(await keys.byToken(`${token}x`)).toBeNull();
    expect((await storage.read(apiKeys.of(key.id))).toString()).not.toContain(token.slice(3));
    expect(await createKeyStore({ storage }).byToken(token)).toEqual(key);
  });

  it("let nobody in once the last one is revoked", async () => {
    const keys = createKeyStore({ storage });
    const { key, token } = await keys.add({ userId: "ada", admin: true });
    await keys.revoke(key.id);
    expect(await keys.byToken(token)).toBeNull();
    expect(await keys.keys()).toEqual([]);
    await expect(keys.revoke(key.id)).rejects.toMatchObject({ field: "id", status: 404 });
  });

  it("are all kept when two processes make them at once", async () => {
    const script = `
      import { createLocalStorage } from "./adapters/storage/local.ts";
      import { createKeyStore } from "./api/keys.ts";
      const keys = createKeyStore({ storage: createLocalStorage({ root: process.env.KEYS_ROOT }) });
      const go = new Promise((go) => process.stdin.once("data", go));
      console.log("ready");
      await go;
      for (let i = 0; i < 20; i++) await keys.add({ userId: process.env.KEYS_USER + i, admin: false });
      process.exit(0);`;
    const root = resolve(import.meta.dirname, "..");
    const processes = ["ada", "bob"].map((user) => spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], { cwd: root, env: { ...process.env, KEYS_ROOT: folder, KEYS_USER: user }, stdio: ["pipe", "pipe", "inherit"] }));
    const ends = processes.map((child) => new Promise((done) => child.once("exit", done)));
    await Promise.all(processes.map((child) => new Promise((ready) => child.stdout.once("data", ready))));
    for (const child of processes) child.stdin.write("go\n");
    expect(await Promise.all(ends)).toEqual([0, 0]);
    const users = ((await createKeyStore({ storage }).keys()) ?? []).map(({ user_id }) => user_id);
    expect(users.toSorted()).toEqual(["ada", "bob"].flatMap((user) => Array.from({ length: 20 }, (_, i) => `${user}${i}`)).toSorted());
  });

  it("in one list, as an earlier version kept them, still let in, until they are revoked", async () => {
    const { key, token } = await createKeyStore({ storage }).add({ userId: "old", admin: true });
    await storage.remove(apiKeys.of(key.id));
    await storage.put(apiKeys.list, JSON.stringify({ keys: [key] }));
    const keys = createKeyStore({ storage });
    expect(await keys.byToken(token)).toEqual(key);
    await keys.revoke(key.id);
    expect(await keys.keys()).toEqual([]);
  });

  it("refuse names that would not survive a query or a header", async () => {
    const keys = createKeyStore({ storage });
    for (const userId of ["", "a b", 'a"b', "-a", "a\nb", "x".repeat(101)]) await expect(keys.add({ userId, admin: false }), userId).rejects.toMatchObject({ field: "user_id" });
  });
});
