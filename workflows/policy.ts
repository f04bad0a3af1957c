import { proxyActivities, type ActivityOptions } from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import { ACTIVITIES, type ActivityName } from "../domain/activities.ts";
import { summaryOf } from "./summaries.ts";

/** Which errors no retry can mend: a person has to. */
const nonRetryableErrorTypes = ["InputError"];

/** Every step heartbeats at least once a second; a worker that is gone is noticed after this. */
const heartbeatTimeout = "30s";

/** Steps that take seconds to minutes. */
const short: ActivityOptions = {
  startToCloseTimeout: "1h",
  heartbeatTimeout,
  retry: { initialInterval: "2s", backoffCoefficient: 2, maximumInterval: "1m", maximumAttempts: 6, nonRetryableErrorTypes },
};
/** Steps that may take hours or days; what they have done so far is kept in storage, so that a retry goes on from there. */
const long: ActivityOptions = { ...short, startToCloseTimeout: "30d", retry: { ...short.retry, maximumAttempts: 12 } };
/** Conversations with a labeling tool, which may be away for a while: minutes of patience before a person is asked. */
const tool: ActivityOptions = { ...short, retry: { ...short.retry, maximumAttempts: 8 } };
/** Not worth waiting for: approvals come behind it. */
const reminder: ActivityOptions = { startToCloseTimeout: "30s", heartbeatTimeout, retry: { ...short.retry, maximumAttempts: 2 } };
/** Small reads and writes, without heartbeats. */
const quick: ActivityOptions = { startToCloseTimeout: "2m", retry: { initialInterval: "1s", backoffCoefficient: 2, maximumInterval: "30s", maximumAttempts: 8, nonRetryableErrorTypes } };

/** An activity's queue comes from domain/activities, its patience from here, its line in the Web UI from summaries. */
function on<N extends ActivityName>(name: N, options: ActivityOptions): Activities[N] {
  const call = (input: Parameters<Activities[N]>[0]): Promise<unknown> => {
    const activity = proxyActivities<Activities>({ ...options, taskQueue: ACTIVITIES[name].queue, summary: summaryOf(name, input) })[name];
    return (activity as (input: Parameters<Activities[N]>[0]) => Promise<unknown>)(input);
  };
  return call as Activities[N];
}

export const run = {
  downloadVideo: on("downloadVideo", long),
  extractFrames: on("extractFrames", short),
  preInfer: on("preInfer", short),
  requestLabeling: on("requestLabeling", tool),
  verifyApproval: on("verifyApproval", tool),
  remindLabelers: on("remindLabelers", reminder),
  openRound: on("openRound", tool),
  buildDataset: on("buildDataset", short),
  importDataset: on("importDataset", short),
  trainModel: on("trainModel", long),
  exportModel: on("exportModel", short),
  receiveModel: on("receiveModel", short),
  exportImported: on("exportImported", short),
  deployModel: on("deployModel", short),
  rollBackModel: on("rollBackModel", short),
  planInference: on("planInference", short),
  inferSegment: on("inferSegment", long),
  joinSegments: on("joinSegments", long),
  assessQuality: on("assessQuality", long),
  exportCsv: on("exportCsv", long),
  exportDlc: on("exportDlc", long),
  exportViaTracks: on("exportViaTracks", long),
  exportParquet: on("exportParquet", long),
  exportLabels: on("exportLabels", short),
  annotateVideo: on("annotateVideo", long),
  writeNotebook: on("writeNotebook", short),
  writeReport: on("writeReport", long),
  uploadResults: on("uploadResults", long),
  uploadFile: on("uploadFile", long),
  importFrames: on("importFrames", short),
  writeRecord: on("writeRecord", quick),
};
