import fastifyCors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** What pages of other origins may read of an answer, besides its body. */
const EXPOSED = ["accept-ranges", "allow", "content-disposition", "content-length", "content-range", "location", "retry-after", "www-authenticate", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
const PREFLIGHT_SECONDS = 600;

/**
 * Pages of these origins may call the API with a bearer token; without any, no other origin may. Cookies are for our own pages alone.
 * Before the authentication: a browser asks without a key whether it may.
 */
export async function addCors(app: FastifyInstance, { corsOrigins }: { corsOrigins: string[] }): Promise<void> {
  if (corsOrigins.length === 0) return;
  app.addHook("onRoute", (route) => {
    if (route.method === "OPTIONS" && route.url === "*") route.config = { policy: "public", ...route.config };
  });
  await app.register(fastifyCors, { origin: corsOrigins, methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], exposedHeaders: EXPOSED, credentials: false, maxAge: PREFLIGHT_SECONDS });
}
