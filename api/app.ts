import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import sse from "@fastify/sse";
import websocket from "@fastify/websocket";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { LogController, type FastifyBaseLogger } from "fastify";
import { NO_EXTERNAL_TOOLS, type BuiltinLabeling, type ExternalTools } from "../adapters/labeling/labeling.ts";
import { createModelRegistry } from "../adapters/models/registry.ts";
import type { Storage } from "../adapters/storage/storage.ts";
import type { App, Context } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { createLive } from "./live.ts";
import { createOidc, type OidcSettings } from "./oidc.ts";
import { addAuth } from "./plugins/auth.ts";
import { addCors } from "./plugins/cors.ts";
import { addOpenApi } from "./plugins/openapi.ts";
import { addPages } from "./plugins/pages.ts";
import { addRequestLog } from "./plugins/request-log.ts";
import { addSecurityHeaders } from "./plugins/security.ts";
import { addProblems, addressProblem } from "./problems.ts";
import { approvalRoutes } from "./routes/approval.ts";
import { deploymentRoutes } from "./routes/deployments.ts";
import { eventRoutes } from "./routes/events.ts";
import { healthRoutes } from "./routes/health.ts";
import { inferenceRoutes } from "./routes/inference.ts";
import { labelingRunRoutes } from "./routes/labeling-run.ts";
import { labelingRoutes } from "./routes/labeling.ts";
import { modelImportRoutes } from "./routes/model-import.ts";
import { modelRoutes } from "./routes/models.ts";
import { oidcRoutes } from "./routes/oidc.ts";
import { presenceRoutes } from "./routes/presence.ts";
import { resultRoutes } from "./routes/results.ts";
import { roundRoutes } from "./routes/rounds.ts";
import { sessionRoutes } from "./routes/session.ts";
import { syncRoutes } from "./routes/sync.ts";
import { taskRecordRoutes } from "./routes/task-records.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { trainingRoutes } from "./routes/training.ts";
import { videoRoutes } from "./routes/video.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { createSessions } from "./session.ts";
import { createTaskIndex } from "./task-index.ts";
import { createTaskRequests } from "./task-requests.ts";
import type { TemporalGateway } from "./temporal.ts";
import { validatorCompiler } from "./validation.ts";
import { createWatcher } from "./watcher.ts";

export interface AppDeps {
  storage: Storage;
  labeling: BuiltinLabeling;
  /** Absent: none is set up. */
  externalLabeling?: ExternalTools;
  temporal: TemporalGateway;
  auth: {
    /** While no API key was ever made, everybody is the user `local`: only where nothing but this machine can reach us. */
    allowAnonymous: boolean;
  };
  /** Folders under which a file_path or an upload's path may lie. */
  allowedRoots: string[];
  /** The built pages. */
  webRoot: string;
  version: string;
  logger?: FastifyBaseLogger;
  /** Other origins whose pages may call the API with a bearer token. */
  corsOrigins?: string[];
  /** Addresses and networks of the proxies in front of us, whose X-Forwarded headers are believed. */
  trustProxy?: string[];
  /** An identity provider whose users may use the API; absent: none is set up. */
  oidc?: OidcSettings | null;
  /** Requests a minute from one address. */
  requestsPerMinute?: number;
}

/** Between two signs of life to a watcher: proxies close what is silent. */
const HEARTBEAT_MS = 15_000;
const BODY_BYTES = 1_000_000;
/** A request that has not arrived whole after this long never will. */
const REQUEST_MS = 60_000;

/** The API as a Fastify app that listens nowhere yet: tests inject requests. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const app: App = fastify({
    ...(deps.logger === undefined ? { logger: false } : { loggerInstance: deps.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: addressProblem,
    // A page that is open must not hold up a restart.
    forceCloseConnections: true,
    trustProxy: deps.trustProxy !== undefined && deps.trustProxy.length > 0 ? deps.trustProxy : false,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  // The response schemas are for the OpenAPI document; answers go out as they are.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));

  // An empty body is no body, also where the client says that it is JSON.
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => (body === "" ? done(null, undefined) : void parseJson(request, body as string, done)));

  const { storage, temporal, corsOrigins = [] } = deps;
  const keys = createKeyStore({ storage });
  const sessions = createSessions({ storage });
  const oidc = deps.oidc === undefined || deps.oidc === null ? null : createOidc(deps.oidc);
  const context: Context = { ...deps, models: createModelRegistry({ storage }), externalLabeling: deps.externalLabeling ?? NO_EXTERNAL_TOOLS, keys, sessions, index: createTaskIndex({ storage, temporal }), requests: createTaskRequests({ storage, onError: (error) => app.log.warn({ err: error }, "lines of a task's request log were lost") }), watcher: createWatcher({ temporal, storage }) };

  addProblems(app);
  addSecurityHeaders(app);
  addRequestLog(app, context);
  await addCors(app, { corsOrigins });
  await app.register(cookie);
  await app.register(sse, { heartbeatInterval: HEARTBEAT_MS });
  await app.register(websocket, { options: { maxPayload: 1024 } });
  await app.register(rateLimit, { max: deps.requestsPerMinute ?? 12_000, timeWindow: "1 minute" });
  addAuth(app, { keys, sessions, allowAnonymous: deps.auth.allowAnonymous, corsOrigins, oidc });
  await addOpenApi(app, deps);
  await addPages(app, deps);
  for (const add of [healthRoutes, sessionRoutes, taskRoutes, taskRecordRoutes, videoRoutes, labelingRunRoutes, trainingRoutes, resultRoutes, labelingRoutes, presenceRoutes, approvalRoutes, syncRoutes, roundRoutes, deploymentRoutes, modelRoutes, modelImportRoutes, inferenceRoutes, webhookRoutes]) add(app, context);
  oidcRoutes(app, { sessions, oidc });
  eventRoutes(app, { ...context, live: createLive(context) });
  return app;
}
