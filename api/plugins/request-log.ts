import type { FastifyInstance } from "fastify";
import type { TaskRequests } from "../task-requests.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Called every few seconds by every open page. */
    quiet?: boolean;
  }
  interface FastifyRequest {
    /** The tasks and runs that it is about, as far as they exist. */
    tasks: Set<string>;
    /** What was wrong with it, as it was answered. */
    problem: string | null;
  }
}

const LONGEST = 300;

/** One line per answer, also in the request log of each task that it was about. Reads that went well, and what open pages say of themselves, come by the thousand: they are for debugging. */
export function addRequestLog(app: FastifyInstance, { requests }: { requests: TaskRequests }): void {
  app.decorateRequest("tasks");
  app.decorateRequest("problem", null);
  app.addHook("onRequest", async (request) => {
    request.tasks = new Set();
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const quiet = reply.statusCode < 400 && (method === "GET" || method === "HEAD" || request.routeOptions.config.quiet === true);
    const path = url.split("?")[0]!;
    const ms = Math.round(reply.elapsedTime);
    request.log[quiet ? "debug" : "info"]({ status: reply.statusCode, ms, user: request.caller?.userId }, `${method} ${path}`);
    const at = new Date(Date.now() - ms).toISOString();
    const line = { at, user: request.caller?.userId ?? null, method, path: path.slice(0, LONGEST), status: reply.statusCode, ms, request_id: request.id, ...(request.problem === null ? {} : { error: request.problem.slice(0, LONGEST) }) };
    for (const taskId of request.tasks ?? []) requests.add(taskId, line, quiet);
  });
  app.addHook("onClose", () => requests.close());
}
