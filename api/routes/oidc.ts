import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import type { App, Context } from "../context.ts";
import { CALLBACK, type Oidc } from "../oidc.ts";
import { HttpProblem } from "../problems.ts";
import { answers } from "../schemas.ts";
import { cookieOptions } from "./session.ts";
import { LOGIN_COOKIE, LOGIN_SECONDS, OIDC_SESSION_SECONDS, SESSION_COOKIE } from "../session.ts";

const Begin = Type.Object({ to: Type.Optional(Type.String({ maxLength: 500, pattern: "^/(?![/\\\\])[^\\u0000-\\u0020\\\\]*$", default: "/", description: "The page of ours to come back to." })) }, { additionalProperties: false });

/** Signing in at the identity provider: out, and back with a session. For browsers that follow addresses, so no part of the OpenAPI document. */
export function oidcRoutes(app: App, { oidc, sessions }: Pick<Context, "sessions"> & { oidc: Oidc | null }): void {
  const common = { config: { policy: "public" as const, rateLimit: { max: 30, timeWindow: "1 minute" } } };
  const loginCookie = { path: CALLBACK, httpOnly: true, sameSite: "lax" as const };

  function provider(): Oidc {
    if (oidc?.hasLogin === true) return oidc;
    throw new InputError({ field: "ACTVERSE_OIDC_CLIENT_ID", message: "no identity provider is set up for browsers", whatToDo: "sign in with an API key; docs/authentication.md says how to set one up", status: 404 });
  }

  app.get("/session/oidc", { ...common, schema: { hide: true, querystring: Begin, response: answers({}, 400, 404, 503) } }, async (request, reply) => {
    const { url, login } = await provider().begin(request.query.to ?? "/");
    void reply.setCookie(LOGIN_COOKIE, await sessions.sealLogin(login), { ...loginCookie, secure: request.protocol === "https", maxAge: LOGIN_SECONDS });
    return await reply.redirect(url, 302);
  });

  app.get(CALLBACK, { ...common, schema: { hide: true, response: answers({}, 401, 404, 503) } }, async (request, reply) => {
    const own = provider();
    const cookie = request.cookies[LOGIN_COOKIE];
    const login = cookie === undefined ? null : await sessions.openLogin(cookie);
    if (login === null) throw new HttpProblem({ status: 401, message: "this sign-in was not begun in this browser, or too long ago", whatToDo: "sign in again from the start" });
    void reply.clearCookie(LOGIN_COOKIE, loginCookie);
    const { userId } = await own.finish(request.url.split("?")[1] ?? "", login);
    void reply.setCookie(SESSION_COOKIE, await sessions.seal({ user: userId }), { ...cookieOptions(request), maxAge: OIDC_SESSION_SECONDS });
    return await reply.redirect(login.to, 302);
  });
}
