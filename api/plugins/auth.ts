import "@fastify/cookie";
import type { FastifyInstance, FastifyRequest, RouteOptions } from "fastify";
import { HttpProblem } from "../problems.ts";
import type { KeyStore } from "../keys.ts";
import type { Oidc } from "../oidc.ts";
import { SESSION_COOKIE, type Sessions } from "../session.ts";

/** Who may call a route: anybody, anybody who is signed in, admins, or (a webhook) whoever signs what is sent, which the route checks itself. Every route says so in its `config`. */
export type Policy = "public" | "user" | "admin" | "signed";

export interface Caller {
  userId: string;
  /** Sees and changes the tasks of all users. */
  admin: boolean;
  via: "off" | "bearer" | "cookie";
}

declare module "fastify" {
  interface FastifyContextConfig {
    policy?: Policy;
  }
  interface FastifyInstance {
    /** Where a browser signs in at the identity provider; null: with a key alone. */
    signInUrl: string | null;
    /** Every route of the app as it was declared, those of plugins and those that Fastify adds (HEAD) included. */
    declaredRoutes: Pick<RouteOptions, "method" | "url" | "config" | "schema">[];
  }
  interface FastifyRequest {
    /** null on public routes where nobody is signed in. */
    caller: Caller | null;
  }
}

export interface AuthDeps {
  keys: KeyStore;
  sessions: Sessions;
  /** Without keys, everybody is the user `local`: only where nothing but this machine can reach us. */
  allowAnonymous: boolean;
  /** Other origins whose pages may call us, never with a cookie. */
  corsOrigins: string[];
  /** Tokens and users of an identity provider; null: none is set up. */
  oidc: Oidc | null;
}

/** Three parts: no API key of ours looks so. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

function hostnameOf(host: string): string | null {
  try {
    return new URL(`http://${host}`).hostname;
  } catch {
    return null;
  }
}

/** Sent by a page of another server than this one. */
const isForeign = ({ host }: FastifyRequest, origin: string): boolean => !URL.canParse(origin) || new URL(origin).host !== host;

/** A page of another origin must not change anything with this browser's rights. */
function checkOrigin(request: FastifyRequest, corsOrigins: string[]): void {
  const { origin } = request.headers;
  // A WebSocket that another page opens would read with this browser's rights.
  const opensSocket = request.headers.upgrade !== undefined;
  if ((SAFE.has(request.method) && !opensSocket) || origin === undefined) return;
  if (isForeign(request, origin) && !corsOrigins.includes(origin)) {
    throw new HttpProblem({ status: 403, field: "Origin", message: "this change was sent by a page of another origin", whatToDo: "use the pages of this server itself, or have the origin named in ACTVERSE_CORS_ORIGINS" });
  }
}

export function addAuth(app: FastifyInstance, { keys, sessions, allowAnonymous, corsOrigins, oidc }: AuthDeps): void {
  app.decorateRequest("caller", null);
  const routes: RouteOptions[] = [];
  app.decorate("declaredRoutes", routes);
  app.decorate("signInUrl", oidc?.hasLogin === true ? "/session/oidc" : null);
  app.addHook("onRoute", (route) => void routes.push(route));
  app.addHook("onReady", async () => {
    const open = routes.filter((route) => route.config?.policy === undefined);
    if (open.length > 0) throw new Error(`routes without a policy: ${open.map(({ method, url }) => `${String(method)} ${url}`).join(", ")}`);
  });

  async function identify(request: FastifyRequest): Promise<Caller | null> {
    if (oidc === null && (await keys.keys()) === null) return allowAnonymous ? { userId: "local", admin: true, via: "off" } : null;
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
      if (oidc !== null && JWT.test(token)) return { ...(await oidc.verify(token)), via: "bearer" };
      const key = await keys.byToken(token);
      return key === null ? null : { userId: key.user_id, admin: key.admin, via: "bearer" };
    }
    const { origin } = request.headers;
    // A cookie is for our own pages: another origin, also one that may call us, shows a key.
    const cookie = origin !== undefined && isForeign(request, origin) ? undefined : request.cookies[SESSION_COOKIE];
    const holder = cookie === undefined ? null : await sessions.open(cookie);
    if (holder === null) return null;
    if ("user" in holder) return oidc === null ? null : { userId: holder.user, admin: oidc.isAdmin(holder.user), via: "cookie" };
    const key = await keys.byId(holder.key);
    return key === null ? null : { userId: key.user_id, admin: key.admin, via: "cookie" };
  }

  app.addHook("onRequest", async (request) => {
    const { policy } = request.routeOptions.config;
    // A program of others, known by its signature alone: it has no key, no cookie, and whatever host name leads it here.
    if (policy === "signed") return;
    checkOrigin(request, corsOrigins);
    const caller = await identify(request);
    request.caller = caller;
    // A name that somebody else's DNS gives this machine must not open what only this machine may see.
    if (caller?.via === "off" && !LOOPBACK.has(hostnameOf(request.host) ?? "")) {
      throw new HttpProblem({ status: 403, field: "Host", message: "without API keys only this machine's own name is answered", whatToDo: "use http://localhost, or make a key: npm run keys -- add USER" });
    }
    if (policy === undefined || policy === "public") return;
    const { admin, via } = callerOf(request);
    if (policy === "admin" && !admin) throw new HttpProblem({ status: 403, message: "only admins may do this", whatToDo: "ask an admin" });
    if (via === "cookie" && !SAFE.has(request.method)) {
      const token = request.headers["x-csrf-token"];
      const holds = typeof token === "string" && (await sessions.csrfHolds(request.cookies[SESSION_COOKIE]!, token));
      if (!holds) throw new HttpProblem({ status: 403, field: "x-csrf-token", message: "the CSRF token is missing or not this session's", whatToDo: "send the csrf_token of GET /session in the header x-csrf-token" });
    }
  });
}

/** On routes with policy `user` or `admin` there always is one. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) {
    const { signInUrl } = request.server;
    throw new HttpProblem({ status: 401, field: "Authorization", message: "an API key is needed", whatToDo: "sign in, or send the header Authorization: Bearer KEY; `npm run keys -- add USER` makes a key", ...(signInUrl === null ? {} : { signInUrl }) });
  }
  return request.caller;
}
