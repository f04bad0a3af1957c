import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HttpProblem } from "../problems.ts";
import { withPolicy } from "./policy.ts";

const PAGES = ["/", "/task/:task_id", "/label/:task_id", "/model"];
const YEAR = "public, max-age=31536000, immutable";

/** The built pages: one index.html for all addresses. They hold no data, so anybody may load them. */
export async function addPages(app: FastifyInstance, { webRoot }: { webRoot: string }): Promise<void> {
  const built = existsSync(join(webRoot, "index.html"));
  await app.register(withPolicy("public", async (pages) => {
    if (built) {
      await pages.register(fastifyStatic, {
        root: webRoot,
        wildcard: false,
        index: false,
        cacheControl: false,
        // What lies under assets/ has a hash of its content in its name.
        setHeaders: (response, path) => void response.header("cache-control", path.startsWith(join(webRoot, "assets")) ? YEAR : "no-cache"),
      });
    }
    for (const page of PAGES) {
      pages.get(page, { schema: { hide: true } }, async (_request, reply) => {
        if (!built) throw new HttpProblem({ status: 503, message: "the pages have not been built", whatToDo: "run `npm run web`, then start again" });
        return await reply.sendFile("index.html");
      });
    }
  }));
}
