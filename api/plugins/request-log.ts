import type { FastifyInstance } from "fastify";

/** One line per answer. Reads that went well come by the thousand while a page watches: they are for debugging. */
export function addRequestLog(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const quiet = reply.statusCode < 400 && (method === "GET" || method === "HEAD");
    const path = url.split("?")[0];
    request.log[quiet ? "debug" : "info"]({ status: reply.statusCode, ms: Math.round(reply.elapsedTime), user: request.caller?.userId }, `${method} ${path}`);
  });
}
