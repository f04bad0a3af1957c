import { loadClientConnectConfig } from "@temporalio/envconfig";
import { NativeConnection, Runtime, Worker, type WorkerOptions } from "@temporalio/worker";
import { createAdapters } from "../adapters/index.ts";
import { createActivities } from "../activities/index.ts";
import { removeAbandoned } from "../activities/files/scratch.ts";
import { ACTIVITIES, PIPELINE_QUEUE, type ActivityName, type Queue } from "../domain/activities.ts";
import { readConfig, type Config } from "./config.ts";
import { createLogger } from "./log.ts";
import { logAttempts } from "./step-log.ts";
import { workflowBundle } from "./workflow-bundle.ts";

/** How many activities of a queue one process runs at once: heavy ones use all cores by themselves. */
const AT_ONCE: Record<Queue, number> = { pipeline: 0, video: 4, frames: 1, labeling: 20, training: 1, deployment: 2, inference: 1, results: 1, notify: 20 };

const config = readConfig();
const logger = createLogger(config);
Runtime.install({ logger, shutdownSignals: ["SIGINT", "SIGTERM"] });

const { connectionOptions, namespace } = loadClientConnectConfig();
const abandoned = await removeAbandoned(config.workDir);
if (abandoned > 0) logger.info("unfinished work of killed workers removed", { folders: abandoned });
const connection = await NativeConnection.connect(connectionOptions);
const adapters = createAdapters(config);
const serving = await adapters.serving();
const activities = createActivities({
  storage: adapters.storage,
  video: await adapters.video(),
  serving,
  embedded: await adapters.embedded(),
  models: adapters.models,
  labeling: await adapters.labeling(),
  externalLabeling: await adapters.externalLabeling(),
  publicUrl: config.publicUrl,
  trainer: await adapters.trainer(),
  files: { allowedRoots: config.allowedRoots, allowedHosts: config.allowedHosts, maxBytes: config.maxDownloadBytes },
  workFolder: config.workDir,
});

async function optionsFor(queue: Queue, { shutdownGraceS }: Config): Promise<WorkerOptions> {
  const common: WorkerOptions = { connection, namespace: namespace ?? "default", taskQueue: queue, shutdownGraceTime: shutdownGraceS * 1000 };
  if (queue === PIPELINE_QUEUE) return { ...common, workflowBundle: await workflowBundle({ logger }) };
  const own = Object.entries(activities).filter(([name]) => ACTIVITIES[name as ActivityName].queue === queue);
  return {
    ...common,
    activities: Object.fromEntries(own),
    interceptors: { activity: [logAttempts] },
    maxConcurrentActivityTaskExecutions: AT_ONCE[queue],
    // Progress is read from heartbeats: they must arrive at the server while they are fresh.
    maxHeartbeatThrottleInterval: "1s",
    defaultHeartbeatThrottleInterval: "1s",
  };
}

try {
  const workers = await Promise.all(config.queues.map(async (queue) => Worker.create(await optionsFor(queue, config))));
  logger.info("worker started", { queues: config.queues.join(" "), data: config.dataDir });
  await Promise.all(workers.map((worker) => worker.run()));
  logger.info("worker stopped");
} finally {
  await serving.close();
  await (await adapters.embedded()).close();
  await connection.close();
}
