import { Client, Connection } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import pretty from "pino-pretty";
import { createAdapters } from "../adapters/index.ts";
import packageJson from "../package.json" with { type: "json" };
import { readConfig } from "../workers/config.ts";
import { buildApp } from "./app.ts";
import { createKeyStore } from "./keys.ts";
import { runKindOf } from "./runs.ts";
import { createTemporalGateway } from "./temporal.ts";

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));

const config = readConfig();
const logger = pino({ level: config.logLevel, base: null }, config.prettyLog ? pretty({ destination: 2, ignore: "pid,hostname", translateTime: "HH:MM:ss", singleLine: true }) : pino.destination(2));
const adapters = createAdapters(config);

const allowAnonymous = isLoopback(config.host) && config.oidc === null;
if (!allowAnonymous && config.oidc === null && (await createKeyStore({ storage: adapters.storage }).keys()) === null) {
  logger.fatal(`${config.host} can be reached from other machines, and there are no API keys: make one with \`npm run keys -- add USER --admin\`, or set ACTVERSE_HOST=127.0.0.1`);
  process.exit(1);
}

const { connectionOptions, namespace } = loadClientConnectConfig();
// Lazy: the API answers while Temporal is away, and says so.
const connection = Connection.lazy(connectionOptions);
const client = new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });

const app = await buildApp({
  storage: adapters.storage,
  labeling: await adapters.labeling(),
  externalLabeling: await adapters.externalLabeling(),
  temporal: createTemporalGateway({ client, kindOf: runKindOf(adapters.storage), publicUrl: config.publicUrl }),
  auth: { allowAnonymous },
  allowedRoots: config.allowedRoots,
  corsOrigins: config.corsOrigins,
  trustProxy: config.trustProxy,
  oidc: config.oidc === null ? null : { ...config.oidc, publicUrl: config.publicUrl },
  webRoot: fileURLToPath(new URL("web/dist", import.meta.url)),
  version: packageJson.version,
  logger,
});

const stop = async (): Promise<void> => {
  await app.close();
  await connection.close();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop().then(() => process.exit(0)));
const authentication = allowAnonymous ? "authentication is off until a key is made" : config.oidc === null ? "an API key is needed" : `an API key is needed, or the identity provider ${config.oidc.issuer}`;
await app.listen({ host: config.host, port: config.port, listenTextResolver: (address) => `the API listens at ${address}; ${authentication}` });
