import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { createCvatRoutes } from "./cvat-server-routes.test-tools.ts";
import { createCvatStore, type CvatStore } from "./cvat-server-store.test-tools.ts";
import { createAnnotationRoutes } from "./cvat-server-annotation-routes.test-tools.ts";
import { createTaskRoutes } from "./cvat-server-tasks.test-tools.ts";
import { createViews, type Views } from "./cvat-server-views.test-tools.ts";
import { createDeliveries, type Deliveries } from "./cvat-server-webhooks.test-tools.ts";
import type { CvatUser } from "./wire.ts";

export interface CvatServerOptions {
  /** Newer servers do not tell what an update changed. */
  beforeUpdate?: boolean;
  /** How much sooner failed deliveries are tried again than CVAT does. */
  faster?: number;
  /** How often a request is still under way when it is asked for. */
  polls?: number;
}

export interface ServerContext {
  app: FastifyInstance;
  store: CvatStore;
  views: Views;
  deliveries: Deliveries;
  polls: number;
  userOf: (request: FastifyRequest) => CvatUser;
  /** A page of a list, as CVAT pages. */
  page: (request: FastifyRequest, rows: unknown[]) => unknown;
  notFound: (reply: FastifyReply) => FastifyReply;
}

/** One request that fails: before the server did anything, or after, so that only the answer is lost. Used once. */
export interface Fault {
  when: "before" | "after";
  matches: (method: string, path: string) => boolean;
  status: number;
  body?: unknown;
}

const PAGE_SIZE = 10;

/**
 * A CVAT in memory, made from its documented REST API and its source: it answers what the real one answers to the same requests, checks bodies
 * as its serializers do, cuts tasks into jobs, makes what takes time in the background, and delivers webhooks, signed.
 * It shows no frames and runs no quality control.
 */
export async function startCvatServer({ beforeUpdate = true, faster = 1000, polls = 1 }: CvatServerOptions = {}) {
  const app = Fastify({ bodyLimit: 200e6, routerOptions: { ignoreTrailingSlash: true } });
  const store = createCvatStore();
  const views = createViews(store, () => url);
  const deliveries = createDeliveries({ store, views, faster, beforeUpdate });
  const tokens = new Map<string, CvatUser>(store.users.map((user) => [`Bearer ${user.username}.0123456789abcdef`, user]));
  tokens.set(`Token ${"a".repeat(40)}`, store.users[0]!);
  const faults: Fault[] = [];
  const faultOf = (when: Fault["when"], { method, url: path }: { method: string; url: string }): Fault | undefined => {
    const index = faults.findIndex((fault) => fault.when === when && fault.matches(method, path));
    return index < 0 ? undefined : faults.splice(index, 1)[0];
  };
  const asked: string[] = [];

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.addHook("onRequest", (request, reply, next) => {
    asked.push(`${request.method} ${request.url}`);
    const fault = faultOf("before", request);
    if (fault !== undefined) void reply.code(fault.status).send(fault.body);
    else if (!request.url.startsWith("/api/server/") && !tokens.has(request.headers.authorization ?? "")) void reply.code(401).send({ detail: "Authentication credentials were not provided." });
    else next();
  });
  app.addHook("onSend", async (request, reply) => {
    const fault = faultOf("after", request);
    if (fault !== undefined) reply.code(fault.status);
    if (String(reply.getHeader("content-type")).startsWith("application/json")) reply.header("content-type", "application/vnd.cvat+json");
  });

  const context: ServerContext = {
    app,
    store,
    views,
    deliveries,
    polls,
    userOf: (request) => tokens.get(request.headers.authorization ?? "")!,
    page(request, rows) {
      const query = request.query as Record<string, string>;
      const size = query["page_size"] === "all" ? Number.MAX_SAFE_INTEGER : Number(query["page_size"] ?? PAGE_SIZE);
      const page = Number(query["page"] ?? 1);
      const link = (number: number): string => {
        const address = new URL(request.url, url);
        address.searchParams.set("page", String(number));
        return address.href;
      };
      return { count: rows.length, next: page * size < rows.length ? link(page + 1) : null, previous: page > 1 ? link(page - 1) : null, results: rows.slice((page - 1) * size, page * size) };
    },
    notFound: (reply) => reply.code(404).send({ detail: "Not found." }),
  };
  createCvatRoutes(context);
  const background = createTaskRoutes(context);
  createAnnotationRoutes(context, background);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    url,
    /** A personal access token of the user who makes the tasks; `ann.…` and `bob.…` are those of a labeler and a reviewer. */
    token: "actverse.0123456789abcdef",
    tokenOf: (username: string) => `${username}.0123456789abcdef`,
    store,
    deliveries,
    faults,
    /** Every request, in order. */
    asked,
    async close(): Promise<void> {
      deliveries.stop();
      await deliveries.idle();
      await app.close();
    },
  };
}
export type CvatServer = Awaited<ReturnType<typeof startCvatServer>>;
