import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { resultKeys } from "../domain/layout.ts";
import type { ResultFile, Truth } from "../domain/result.ts";
import type { TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { createApiClient } from "../cli/client.ts";
import { review } from "../scripts/demo/reviewer.ts";
import { freePort } from "../scripts/ports.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";

/** The machine loses power: every process of `npm start` is killed at once, and later `npm start` runs again. */

let folder = "";
let supervisor: ChildProcess | undefined;
const killAll = async (): Promise<void> => {
  if (supervisor === undefined || supervisor.exitCode !== null) return;
  const { children } = JSON.parse(readFileSync(join(folder, "state", "stack.json"), "utf8")) as { children: Record<string, number> };
  const gone = once(supervisor, "exit");
  supervisor.kill("SIGKILL");
  for (const pid of Object.values(children)) process.kill(pid, "SIGKILL");
  await gone;
};
afterAll(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true });
});

it("goes on after the whole machine went down, while it waited for labels and while it trained", async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-restart-"));
  const port = await freePort();
  const api = createApiClient({ url: `http://127.0.0.1:${port}` });
  const dataDir = join(folder, "data_storage");
  const start = async (): Promise<void> => {
    const env = { ...process.env, ACTVERSE_STATE_DIR: join(folder, "state"), ACTVERSE_DATA_DIR: dataDir, ACTVERSE_PORT: String(port), ACTVERSE_ALLOWED_ROOTS: folder };
    const child = spawn(process.execPath, ["--import", "tsx", "scripts/start.ts"], { env, stdio: ["ignore", "pipe", "pipe"] });
    supervisor = child;
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await until("Actverse to be up", 100, async () => output.includes("Actverse is up")).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output}`);
    });
  };
  const statusOf = (taskId: string): Promise<TaskState> => api.get<TaskState>(`/status/${taskId}`);
  const step = (state: TaskState, name: string) => state.steps.find((s) => s.name === name)!;

  await start();
  const sample = await makeSample({ folder: join(folder, "sample"), seconds: 8, width: 320, height: 192, animals: 2 });
  const truth = JSON.parse(await readFile(sample.truth, "utf8")) as Truth;
  const { task_id: taskId } = await api.send<{ task_id: string }>("POST", "/tasks/", {
    file_path: sample.video, user_id: "ann", classes: [truth.class], keypoints: truth.keypoints, num_animals: 2, num_frames: 8, outputs: ["json"], training: { epochs: 12, imgsz: 96 },
  });
  await until("labels to be waited for", 120, async () => step(await statusOf(taskId), "labeling").status === "waiting");

  await killAll();
  await start();
  await until("the wait to go on", 120, async () => step(await statusOf(taskId), "labeling").status === "waiting");
  await review({ api, taskId, truth, onFrame: () => {} });
  await until("an epoch", 200, async () => {
    const { progress } = step(await statusOf(taskId), "training");
    return progress?.unit === "epochs" && progress.done >= 1;
  });

  await killAll();
  await start();
  const end = await until("the task to end", 400, async () => {
    const state = await statusOf(taskId);
    // So few epochs may teach nothing: then the task asks whether there are no animals, and goes on when it is told so.
    if (step(state, "inference").status === "parked" && step(state, "inference").reason?.includes("found no animal") === true) {
      await api.send("POST", `/tasks/${taskId}/retry`, { step: "inference" }).catch(() => undefined);
      return null;
    }
    return state.status === "completed" || state.status === "parked" ? state : null;
  });
  expect(end).toMatchObject({ status: "completed" });
  const result = JSON.parse(await readFile(join(dataDir, resultKeys(taskId, 1).result), "utf8")) as ResultFile;
  expect(result.results).toHaveLength(240);
}, 900_000);
