import type { FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import type { App, Context } from "../context.ts";
import { callerOf } from "../plugins/auth.ts";
import { HttpProblem } from "../problems.ts";
import { answers } from "../schemas.ts";
import { SESSION_COOKIE, SESSION_SECONDS } from "../session.ts";

const Session = Type.Object({
  user_id: Type.String(),
  admin: Type.Boolean(),
  authentication: Type.Union([Type.Literal("keys"), Type.Literal("off")], { description: "keys: whoever calls is known by a key, or by the identity provider." }),
  csrf_token: Type.String({ description: "For the header x-csrf-token of every change by the cookie; empty where none is needed." }),
});
const SignIn = Type.Object({ api_key: Type.String({ minLength: 1, maxLength: 200 }) }, { additionalProperties: false });

export const cookieOptions = (request: FastifyRequest) => ({ path: "/", httpOnly: true, sameSite: "strict" as const, secure: request.protocol === "https" });

export function sessionRoutes(app: App, { keys, sessions }: Pick<Context, "keys" | "sessions">): void {
  const common = { tags: ["session"], security: [] };

  app.get("/session", { config: { policy: "public" }, schema: { ...common, summary: "Who am I?", response: answers({ 200: Session }, 401) } }, async (request): Promise<Static<typeof Session>> => {
    const { userId, admin, via } = callerOf(request);
    const cookie = request.cookies[SESSION_COOKIE];
    return { user_id: userId, admin, authentication: via === "off" ? "off" : "keys", csrf_token: via === "cookie" && cookie !== undefined ? await sessions.csrfToken(cookie) : "" };
  });

  app.post(
    "/session",
    // Guessing 256 random bits is hopeless; this keeps it out of the log as well.
    { config: { policy: "public", rateLimit: { max: 30, timeWindow: "1 minute" } }, schema: { ...common, summary: "Sign in with an API key: sets the session cookie", body: SignIn, response: answers({ 200: Session }, 400, 401, 403, 413, 415) } },
    async (request, reply): Promise<Static<typeof Session>> => {
      if (request.caller?.via === "off") return { user_id: request.caller.userId, admin: true, authentication: "off", csrf_token: "" };
      const key = await keys.byToken(request.body.api_key);
      if (key === null) throw new HttpProblem({ status: 401, field: "api_key", message: "this API key is not known", whatToDo: "check it, or have one made: npm run keys -- add USER" });
      const cookie = await sessions.seal({ key: key.id });
      void reply.setCookie(SESSION_COOKIE, cookie, { ...cookieOptions(request), maxAge: SESSION_SECONDS });
      return { user_id: key.user_id, admin: key.admin, authentication: "keys", csrf_token: await sessions.csrfToken(cookie) };
    },
  );

  app.delete("/session", { config: { policy: "public" }, schema: { ...common, summary: "Sign out", response: answers({ 204: Type.Null() }, 403) } }, async (request, reply) => {
    void reply.clearCookie(SESSION_COOKIE, cookieOptions(request));
    return await reply.code(204).send(null);
  });
}
