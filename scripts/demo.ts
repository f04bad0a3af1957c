import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { workflowIdOf } from "../domain/ids.ts";
import { resultKeys } from "../domain/layout.ts";
import { scoreAgainstTruth, type Scores } from "../domain/metrics.ts";
import type { ResultFile, Truth } from "../domain/result.ts";
import type { TaskState } from "../domain/state.ts";
import { ApiError, createApiClient, isPassing, type ApiClient } from "../cli/client.ts";
import { createProgressView, secondsOf } from "../cli/progress.ts";
import { review, type Review } from "./demo/reviewer.ts";
import { makeSample } from "./sample/make-sample.ts";
import { startStack } from "./stack.ts";
import { readTools } from "./tools.ts";

/** `npm run demo`: the main job from the video to the results, unattended. See README.md for its options. */

const { values: flags } = parseArgs({
  options: {
    exit: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    video: { type: "string" },
    truth: { type: "string" },
    frames: { type: "string", default: "60" },
    training: { type: "string", default: "{}" },
    seconds: { type: "string", default: "40" },
    home: { type: "string", default: join(".actverse", "demo") },
  },
});
if ((flags.video === undefined) !== (flags.truth === undefined)) throw new Error("--video and --truth go together: the scripted reviewer takes its labels from the truth");

const home = resolve(flags.home);
const dataDir = join(home, "data_storage");
const say = (line: string): void => console.log(line);

interface Outcome {
  taskId: string;
  state: TaskState;
  reviewed: Review | null;
  scores: Scores | null;
}

/** A busy machine may leave Temporal or the API without an answer for a moment; the task goes on meanwhile. */
const PATIENCE_MS = 120_000;
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (const since = Date.now(); ; ) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || Date.now() - since > PATIENCE_MS) throw error;
      await sleep(1000);
    }
  }
}

async function runTask(api: ApiClient, video: string, truth: Truth): Promise<Outcome> {
  const { task_id: taskId } = await api.send<{ task_id: string }>("POST", "/tasks/", {
    file_path: video,
    user_id: "demo",
    project: "demo",
    classes: [truth.class],
    keypoints: truth.keypoints,
    skeleton: truth.skeleton ?? [],
    num_animals: truth.tracks.length,
    num_frames: Number(flags.frames),
    training: JSON.parse(flags.training) as Record<string, unknown>,
  });
  say(`\nTask ${taskId}: ${video}\n  Watch it    ${stack.apiUrl}/task/${taskId}\n  Temporal    ${temporalPage(taskId)}\n`);
  const view = createProgressView({ terminal: process.stdout.isTTY && !flags.json, say });
  let reviewed: Review | null = null;
  try {
    for (;;) {
      const state = await patiently(() => api.get<TaskState>(`/status/${taskId}`));
      const labeling = state.steps.find((step) => step.name === "labeling")!;
      if (labeling.status === "waiting" && reviewed === null) {
        reviewed = await review({ api, taskId, truth, onFrame: (done, total) => ((labeling.progress = { done, total, unit: "frames", message: "a scripted reviewer corrects" }), view.show(state)) });
      } else {
        view.show(state);
      }
      if (["completed", "parked", "failed", "cancelled"].includes(state.status)) {
        const scores = state.status === "completed" && reviewed !== null ? scoreAgainstTruth(await readResult(taskId), truth, reviewed.frames) : null;
        return { taskId, state, reviewed, scores };
      }
      await sleep(1000);
    }
  } finally {
    view.end();
  }
}

const readResult = async (taskId: string): Promise<ResultFile> => JSON.parse(await readFile(join(dataDir, resultKeys(taskId, 1).result), "utf8")) as ResultFile;

const percent = (value: number | null | undefined): string => (value === null || value === undefined ? "not there" : `${(value * 100).toFixed(1)} %`);

let sample = { video: flags.video, truth: flags.truth };
if (sample.video === undefined) {
  say("Making the sample video: an arena with three mouse-like animals");
  sample = await makeSample({ folder: join(home, "sample"), seconds: Number(flags.seconds) });
}
const video = resolve(sample.video!);
const truth = JSON.parse(readFileSync(resolve(sample.truth!), "utf8")) as Truth;

say("Starting Temporal, the worker and the API");
const stack = await startStack({ home, dataDir, tools: readTools(), say, env: { ACTVERSE_ALLOWED_ROOTS: [dirname(video), home].join(":") } });
const temporalPage = (taskId: string): string => `${stack.temporalUrl}/namespaces/default/workflows/${workflowIdOf(taskId)}`;
let stopping: Promise<void> | null = null;
const stop = (): Promise<void> => (stopping ??= stack.stop());
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop().then(() => process.exit(signal === "SIGINT" && !flags.exit ? 0 : 1)));

const { taskId, state, reviewed, scores } = await runTask(createApiClient({ url: stack.apiUrl }), video, truth).catch(async (error: unknown) => {
  await stop();
  if (!(error instanceof ApiError)) throw error;
  console.error(error.message);
  process.exit(1);
});
const resultDir = join(dataDir, resultKeys(taskId, 1).prefix);
const seconds = Object.fromEntries(state.steps.map((step) => [step.name, secondsOf(step)]));
const stuck = state.steps.find((step) => step.status === "parked" || step.status === "failed");

say(`
  Task ${taskId}: ${state.status}${stuck === undefined ? "" : ` at ${stuck.name}: ${stuck.reason}\n  What to do: ${stuck.what_to_do}`}
  Labeled frames       ${reviewed?.frames.length ?? 0} of ${truth.frames} (${reviewed?.kept ?? 0} of ${reviewed?.prelabeled ?? 0} pre-labels were of use)
  On all other frames  box mAP50 ${percent(scores?.box_map50)}, mAP50-95 ${percent(scores?.box_map50_95)}, keypoints within 0.1 of the diagonal ${percent(scores?.keypoint_pck)}
  Identity switches    ${scores?.id_switches ?? "not there"}
  Seconds by step      ${Object.entries(seconds).map(([name, s]) => `${name} ${s}`).join(", ")}
  Results              ${resultDir}`);

if (!flags.exit) {
  say(`
  Pages                ${stack.apiUrl}/task/${taskId}
  Labels               ${stack.apiUrl}/label/${taskId}
  Temporal             ${temporalPage(taskId)}

  Stop everything with Ctrl-C.`);
}
const summary = {
  task_id: taskId,
  status: state.status,
  seconds,
  frames: truth.frames,
  labeled_frames: reviewed?.frames.length ?? 0,
  labeled_frame_numbers: reviewed?.frames ?? [],
  box_map50: scores?.box_map50 ?? null,
  box_map50_95: scores?.box_map50_95 ?? null,
  keypoint_pck: scores?.keypoint_pck ?? null,
  id_switches: scores?.id_switches ?? null,
  result_dir: resultDir,
};
if (flags.exit) {
  await stop();
  if (flags.json) say(JSON.stringify(summary));
  process.exit(state.status === "completed" ? 0 : 1);
}
if (flags.json) say(JSON.stringify(summary));
