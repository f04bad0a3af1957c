import { Connection } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { ACTIVITY_QUEUES, PIPELINE_QUEUE } from "../../domain/activities.ts";
import { messageOf } from "../../domain/errors.ts";
import { ApiError, type ApiClient } from "../client.ts";
import { failureOf } from "../failure.ts";
import { failed, ok, type Finding } from "./finding.ts";

/** What answers over the network: the API, Temporal, and the workers that Temporal knows. */

const DEADLINE_MS = 5_000;
/** Of Temporal's API: which kind of tasks a queue's workers take. */
const [WORKFLOWS, ACTIVITIES] = [1, 2];

export async function checkApi(api: ApiClient): Promise<Finding[]> {
  try {
    const { version, temporal } = await api.get<{ version: string; temporal: string }>("/health");
    const reached = ok("api", `version ${version} at ${api.url}; it ${temporal === "reachable" ? "reaches" : "does not reach"} Temporal`);
    return [temporal === "reachable" ? reached : { ...reached, status: "failed", what_to_do: "start Temporal, or correct the API's TEMPORAL_ADDRESS" }, await checkKey(api)];
  } catch (error) {
    const { detail, what_to_do: whatToDo = "" } = failureOf(error).problem;
    return [failed("api", detail, whatToDo)];
  }
}

async function checkKey(api: ApiClient): Promise<Finding> {
  try {
    const { user_id: user, admin, authentication } = await api.get<{ user_id: string; admin: boolean; authentication: string }>("/session");
    return ok("key", authentication === "off" ? "none is needed" : `${user}${admin ? ", an admin" : ""}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return failed("key", error.problem.detail ?? error.message, "set ACTVERSE_API_KEY to a key that is valid; `actverse keys add USER`, on the server, makes one");
  }
}

/** Temporal, and whether somebody works: a task whose queue nobody takes from would wait without a word. */
export async function checkTemporal(): Promise<Finding[]> {
  const { connectionOptions, namespace = "default" } = loadClientConnectConfig();
  const address = connectionOptions.address ?? "127.0.0.1:7233";
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: DEADLINE_MS });
    const { workflowService } = connection;
    const workers = async (queue: string): Promise<number> => {
      const { pollers } = await workflowService.describeTaskQueue({ namespace, taskQueue: { name: queue }, taskQueueType: queue === PIPELINE_QUEUE ? WORKFLOWS : ACTIVITIES });
      return pollers?.length ?? 0;
    };
    const queues = [PIPELINE_QUEUE, ...ACTIVITY_QUEUES];
    const counts = await connection.withDeadline(Date.now() + DEADLINE_MS, () => Promise.all(queues.map(workers)));
    const idle = queues.filter((_, n) => counts[n] === 0);
    const found = ok("temporal", `${address}, namespace ${namespace}`);
    return [found, idle.length === 0 ? ok("workers", "every queue has one") : failed("workers", `nobody works for ${idle.join(", ")}`, "start a worker for these queues (ACTVERSE_QUEUES), or all with `npm start`")];
  } catch (error) {
    return [failed("temporal", `${address}: ${messageOf(error)}`, "start it (`npm start` does), or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE")];
  } finally {
    await connection?.close();
  }
}
