import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { describeDocument } from "../openapi/document.ts";
import { withPolicy } from "./policy.ts";

/** OpenAPI 3.1 from the routes' schemas. Before the routes. */
export async function addOpenApi(app: FastifyInstance, { version }: { version: string }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Actverse", version, description: "From a video of moving animals to a model trained for that very video, and to results for every frame. Errors are RFC 9457 problem details.", license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
      tags: [
        { name: "tasks", description: "From a video to results." },
        { name: "labeling", description: "What people label, and the word of the reviewer." },
        { name: "video", description: "The pipeline's steps for videos, each on its own." },
        { name: "models", description: "Training, deployment and inference on their own, and what is deployed." },
        { name: "webhooks", description: "For labeling tools: signed, without a key." },
        { name: "session", description: "Signing in with a browser." },
        { name: "server", description: "Is it up?" },
      ],
      components: {
        securitySchemes: {
          key: { type: "http", scheme: "bearer", description: "An API key: `npm run keys -- add USER`." },
          session: { type: "apiKey", in: "cookie", name: "actverse_session", description: "By POST /session; changes then need the header x-csrf-token." },
        },
      },
      security: [{ key: [] }, { session: [] }],
    },
    transformObject: (made) => describeDocument("openapiObject" in made ? made.openapiObject : made.swaggerObject),
  });
  await app.register(withPolicy("user", async (docs) => {
    docs.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
    await docs.register(swaggerUi, { routePrefix: "/docs", uiConfig: { persistAuthorization: false, tryItOutEnabled: true } });
  }));
}
