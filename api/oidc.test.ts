import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair, type CryptoKey, type JWK } from "jose";
import type { Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../scripts/ports.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, startLab, type Lab } from "./lab.test-suite.ts";
import { CLIENT, startProvider } from "./oidc-provider.test-suite.ts";
import type { OidcSettings } from "./oidc.ts";
import { OIDC_SESSION_SECONDS } from "./session.ts";

/** Against a real OpenID provider on this machine. */

const AUDIENCE = "https://actverse.example.org";

let lab: Lab;
let app: App;
let url: string;
let mailUrl: string;
let issuer: string;
let server: Server;
let key: CryptoKey;
let settings: OidcSettings;

beforeAll(async () => {
  const [port, own, mail] = [await freePort(), await freePort(), await freePort()];
  mailUrl = `http://127.0.0.1:${mail}`;
  issuer = `http://127.0.0.1:${port}`;
  url = `http://127.0.0.1:${own}`;
  const pair = await generateKeyPair("RS256", { extractable: true });
  key = pair.privateKey;
  const jwk: JWK = { ...(await exportJWK(pair.privateKey)), kid: "k1", alg: "RS256", use: "sig" };
  const callback = (home: string): string => `${home}/session/oidc/callback`;
  server = startProvider({ issuer, jwk, redirectUris: [callback(url), callback(mailUrl)] });
  settings = { issuer, audience: AUDIENCE, client: CLIENT, userClaim: "sub", admins: ["root"], publicUrl: url };
  lab = await startLab();
  app = await lab.app({ oidc: settings, requestsPerMinute: 100_000 });
  await app.listen({ host: "127.0.0.1", port: own });
}, 180_000);
afterAll(async () => {
  await lab?.stop();
  server?.closeAllConnections();
  server?.close();
});

async function tokenFor(resource: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, { method: "POST", body: new URLSearchParams({ grant_type: "client_credentials", client_id: "lab-robot", client_secret: "robot", resource }) });
  return ((await answer.json()) as { access_token: string }).access_token;
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const session = (token: string, of = app) => send(of, "GET", "/session", { headers: bearer(token) });
/** Signed with the provider's own key, so that nothing but the claims is wrong. */
const minted = (claims: object, { expires = "5m", header = {} }: { expires?: string | null; header?: object } = {}) => {
  const token = new SignJWT({ sub: "ada", iss: issuer, aud: AUDIENCE, ...claims }).setProtectedHeader({ alg: "RS256", kid: "k1", ...header });
  return (expires === null ? token : token.setExpirationTime(expires)).sign(key);
};

describe("a program's token", () => {
  it("that the provider gave lets it in as the user whom it names", async () => {
    const token = await tokenFor(AUDIENCE);
    expect(await session(token)).toMatchObject({ status: 200, body: { user_id: "lab-robot", admin: false, authentication: "keys", csrf_token: "" } });
    const made = await send(app, "POST", "/tasks/", { headers: bearer(token), body: { ...lab.body, user_id: "lab-robot" } });
    expect(made.status).toBe(201);
    expect(await send(app, "POST", "/tasks/", { headers: bearer(token), body: lab.body })).toMatchObject({ status: 403, body: { field: "user_id" } });
    expect((await send(app, "GET", `/status/${made.body["task_id"]}`, { headers: bearer(await minted({})) })).status).toBe(404);
    expect((await send(app, "GET", `/status/${made.body["task_id"]}`, { headers: bearer(await minted({ sub: "root" })) })).status).toBe(200);
    expect((await session(await minted({ sub: "root" }))).body).toMatchObject({ admin: true });
  });

  it("is refused where anything of it is not as it must be, and the answer says what", async () => {
    const stranger = await generateKeyPair("RS256");
    const publicPart = new TextEncoder().encode(JSON.stringify(await exportJWK(stranger.publicKey)));
    const claims = { sub: "ada", iss: issuer, aud: AUDIENCE };
    const bad: [string, string, RegExp][] = [
      ["for another audience", await tokenFor("https://elsewhere.example.org"), /claim aud/],
      ["without an audience", await minted({ aud: undefined }), /claim aud/],
      ["of another issuer", await minted({ iss: "https://evil.example" }), /claim iss/],
      ["expired", await minted({}, { expires: "-2m" }), /has expired/],
      ["without an end", await minted({}, { expires: null }), /claim exp/],
      ["not yet valid", await minted({ nbf: Math.floor(Date.now() / 1000) + 600 }), /claim nbf/],
      ["without a user", await minted({ sub: undefined }), /claim sub is missing/],
      ["with a user that is no name", await minted({ sub: "a b" }), /no name of a user/],
      ["with a user that is no text", await minted({ sub: 7 }), /claim sub/],
      ["signed by another key", await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k1" }).setExpirationTime("5m").sign(stranger.privateKey), /not signed/],
      ["signed by an unknown key", await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "k2" }).setExpirationTime("5m").sign(stranger.privateKey), /not signed/],
      ["signed with a shared secret", await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).setExpirationTime("5m").sign(publicPart), /not signed/],
      ["unsigned", `${new UnsecuredJWT(claims).setExpirationTime("5m").encode()}x`, /not signed/],
      ["with changed content", (await minted({})).replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ ...claims, sub: "root", exp: 9_999_999_999 })).toString("base64url")}.`), /not signed/],
      ["garbage", "a.b.c", /not signed/],
    ];
    for (const [what, token, says] of bad) {
      expect(await session(token), what).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" }, body: { detail: expect.stringMatching(says), what_to_do: expect.any(String) } });
      expect((await send(app, "GET", "/tasks/", { headers: bearer(token) })).status, what).toBe(401);
    }
  });

  it("is taken only where an audience is set, and with the claim that is set", async () => {
    expect(await session(await minted({}), await lab.app({ oidc: { ...settings, audience: null } }))).toMatchObject({ status: 401, body: { what_to_do: expect.stringContaining("ACTVERSE_OIDC_AUDIENCE") } });
    const byMail = await lab.app({ oidc: { ...settings, userClaim: "email" } });
    expect((await session(await minted({ email: "ada@lab.example", email_verified: true }), byMail)).body).toMatchObject({ user_id: "ada@lab.example" });
    expect(await session(await minted({ email: "ada@lab.example", email_verified: false }), byMail)).toMatchObject({ status: 401, body: { detail: expect.stringContaining("not verified") } });
  });
});

/** A browser without a window: follows addresses and keeps cookies, each site its own. */
function browser(home = url) {
  const jars = new Map<string, Map<string, string>>();
  async function go(address: string, form?: Record<string, string>): Promise<{ url: string; status: number; text: string; headers: Headers }> {
    const { origin, pathname } = new URL(address);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const answer = await fetch(address, { redirect: "manual", headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") }, ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }) });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    const location = answer.headers.get("location");
    if (location === null) return { url: address, status: answer.status, text: await answer.text(), headers: answer.headers };
    await answer.body?.cancel();
    const next = new URL(location, `${origin}${pathname}`).href;
    // The way back to us is looked at one step at a time.
    return origin === home && !next.startsWith(issuer) ? { url: next, status: answer.status, text: "", headers: answer.headers } : await go(next);
  }
  return { go, cookies: (origin: string) => jars.get(origin) ?? new Map<string, string>() };
}

/** Out to the provider, through its pages, and back: what our callback answers. */
async function signIn(who: ReturnType<typeof browser>, user: string, from = `${url}/session/oidc`) {
  const login = await who.go(from);
  expect(login.text, login.url).toContain("password");
  const consent = await who.go(/action="([^"]+)"/.exec(login.text)![1]!, { prompt: "login", login: user, password: "x" });
  return await who.go(/action="([^"]+)"/.exec(consent.text)![1]!, { prompt: "consent" });
}

describe("a browser", () => {
  it("that comes back from the provider has a session, and changes need its CSRF token", async () => {
    const page = browser();
    const back = await signIn(page, "ada", `${url}/session/oidc?to=/task/x`);
    expect(back).toMatchObject({ status: 302, url: `${url}/task/x` });
    const set = back.headers.getSetCookie().find((line) => line.startsWith("actverse_session="))!;
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", `Max-Age=${OIDC_SESSION_SECONDS}`]) expect(set).toContain(part);
    const cookie = `actverse_session=${page.cookies(url).get("actverse_session")!}`;
    const me = await send(app, "GET", "/session", { headers: { cookie } });
    expect(me.body).toMatchObject({ user_id: "ada", admin: false, authentication: "keys", csrf_token: expect.stringMatching(/.{20}/) });
    expect((await send(app, "POST", "/tasks/", { headers: { cookie }, body: lab.body })).status).toBe(403);
    expect((await send(app, "POST", "/tasks/", { headers: { cookie, "x-csrf-token": me.body["csrf_token"] as string }, body: lab.body })).status).toBe(201);
    // Another API process knows it; one without the provider does not.
    expect((await send(await lab.app({ oidc: settings }), "GET", "/session", { headers: { cookie } })).status).toBe(200);
    expect((await send(await lab.app({ auth: { allowAnonymous: false } }), "GET", "/session", { headers: { cookie } })).status).toBe(401);
  }, 60_000);

  it("is an admin where its user is named as one", async () => {
    const page = browser();
    await signIn(page, "root");
    expect((await send(app, "GET", "/session", { headers: { cookie: `actverse_session=${page.cookies(url).get("actverse_session")!}` } })).body).toMatchObject({ user_id: "root", admin: true });
  }, 60_000);

  it("goes out with PKCE, a state and a nonce, and to our own pages only when it comes back", async () => {
    const out = await send(app, "GET", "/session/oidc?to=/label/x");
    const address = new URL(String(out.headers["location"]));
    expect({ status: out.status, origin: address.origin }).toEqual({ status: 302, origin: issuer });
    expect(Object.fromEntries(address.searchParams)).toMatchObject({ client_id: CLIENT.id, response_type: "code", code_challenge_method: "S256", redirect_uri: `${url}/session/oidc/callback`, scope: "openid", state: expect.stringMatching(/.{20}/), nonce: expect.stringMatching(/.{20}/), code_challenge: expect.stringMatching(/.{43}/) });
    for (const part of ["HttpOnly", "SameSite=Lax", "Path=/session/oidc/callback"]) expect(String(out.headers["set-cookie"])).toContain(part);
    for (const to of ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a%0d%0ab"]) expect((await send(app, "GET", `/session/oidc?to=${to}`)).status, to).toBe(400);
  });

  it("is refused with what it did not begin, what was used before, and what the provider denies", async () => {
    const page = browser();
    const callback = `${url}/session/oidc/callback`;
    expect(await send(app, "GET", "/session/oidc/callback?code=x&state=y")).toMatchObject({ status: 401, body: { detail: expect.stringContaining("not begun in this browser") } });
    const begun = async () => `actverse_login=${/actverse_login=([^;]+)/.exec(String((await send(app, "GET", "/session/oidc")).headers["set-cookie"]))![1]!}`;
    const cookie = await begun();
    for (const query of ["code=x&state=y", "", "code=x"]) expect(await send(app, "GET", `/session/oidc/callback?${query}`, { headers: { cookie } }), query).toMatchObject({ status: 401, body: { what_to_do: expect.stringContaining("sign in again") } });
    const out = await send(app, "GET", "/session/oidc");
    const state = new URL(String(out.headers["location"])).searchParams.get("state")!;
    const mine = { cookie: String(out.headers["set-cookie"]).split(";")[0]! };
    expect(await send(app, "GET", `/session/oidc/callback?error=access_denied&error_description=not+you&state=${state}&iss=${encodeURIComponent(issuer)}`, { headers: mine })).toMatchObject({ status: 401, body: { detail: expect.stringContaining("not you") } });
    expect(await send(app, "GET", `/session/oidc/callback?code=made-up&state=${state}&iss=${encodeURIComponent(issuer)}`, { headers: mine })).toMatchObject({ status: 401, body: { detail: expect.stringContaining("refused") } });
    // Nothing of a refused sign-in lets anybody in.
    expect((await page.go(callback)).status).toBe(401);
    expect(page.cookies(url).get("actverse_session")).toBeUndefined();
  });

  it("is known by the claim that is set, also where only the provider's userinfo has it; an address that is not verified is nobody's", async () => {
    const byMail = await lab.app({ oidc: { ...settings, userClaim: "email", publicUrl: mailUrl, admins: ["root@lab.example"] } });
    await byMail.listen({ host: "127.0.0.1", port: Number(new URL(mailUrl).port) });
    const page = browser(mailUrl);
    expect((await signIn(page, "root", `${mailUrl}/session/oidc`)).status).toBe(302);
    expect((await send(byMail, "GET", "/session", { headers: { cookie: `actverse_session=${page.cookies(mailUrl).get("actverse_session")!}` } })).body).toMatchObject({ user_id: "root@lab.example", admin: true });
    const other = browser(mailUrl);
    expect(await signIn(other, "mallory", `${mailUrl}/session/oidc`)).toMatchObject({ status: 401, text: expect.stringContaining("not verified") });
    expect(other.cookies(mailUrl).get("actverse_session")).toBeUndefined();
  }, 60_000);

  it("without a session is told where to sign in", async () => {
    expect(await send(app, "GET", "/session")).toMatchObject({ status: 401, body: { sign_in_url: "/session/oidc" } });
    expect(await send(app, "GET", "/tasks/")).toMatchObject({ status: 401, body: { sign_in_url: "/session/oidc" } });
    const forProgramsOnly = await lab.app({ oidc: { ...settings, client: null } });
    expect((await send(forProgramsOnly, "GET", "/session")).body).not.toHaveProperty("sign_in_url");
    expect(await send(forProgramsOnly, "GET", "/session/oidc")).toMatchObject({ status: 404, body: { what_to_do: expect.stringContaining("docs/authentication.md") } });
  });
});

describe("beside the provider", () => {
  it("API keys go on working, also while it is away, and the answer says that it is", async () => {
    const { token } = await createKeyStore({ storage: lab.storage }).add({ userId: "eve", admin: false });
    const gone = await lab.app({ oidc: { ...settings, issuer: `http://127.0.0.1:${await freePort()}` } });
    expect((await session(token, gone)).body).toMatchObject({ user_id: "eve" });
    expect(await session(await minted({}), gone)).toMatchObject({ status: 503, body: { detail: "the identity provider does not answer", what_to_do: expect.stringContaining("ACTVERSE_OIDC_ISSUER") } });
    expect((await send(gone, "GET", "/session/oidc")).status).toBe(503);
    expect((await send(gone, "GET", "/health")).status).toBe(200);
  });
});
