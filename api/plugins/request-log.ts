import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Called every few seconds by every open page. */
    quiet?: boolean;
  }
}

/** One line per answer. Reads that went well, and what open pages say of themselves, come by the thousand: they are for debugging. */
export function addRequestLog(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const quiet = reply.statusCode < 400 && (method === "GET" || method === "HEAD" || request.routeOptions.config.quiet === true);
    const path = url.split("?")[0];
    request.log[quiet ? "debug" : "info"]({ status: reply.statusCode, ms: Math.round(reply.elapsedTime), user: request.caller?.userId }, `${method} ${path}`);
  });
}
