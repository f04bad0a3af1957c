import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCvatClient } from "../adapters/labeling/cvat/client.ts";
import { send } from "../api/lab.test-suite.ts";
import { startWorld, WEBHOOK_SECRET, type Standing, type World } from "../api/world.test-suite.ts";
import { join } from "node:path";
import { until } from "../scripts/child.ts";
import { readTools } from "../scripts/tools.ts";

/** schemathesis with all its checks, as a user who has tasks in every state, over a real connection. Its settings: test/schemathesis/. */

const folder = fileURLToPath(new URL("schemathesis", import.meta.url));
/** What was answered, by operation as the routes have it. */
const answered = new Map<string, Set<number>>();

let world: World;
let there: Record<string, unknown>;
beforeAll(async () => {
  world = await startWorld({
    trustProxy: ["loopback"],
    extend: (app) =>
      app.addHook("onResponse", async ({ method, routeOptions }, { statusCode }) => {
        const name = `${method} ${routeOptions.url ?? ""}`;
        if (!answered.has(name)) answered.set(name, new Set());
        answered.get(name)!.add(statusCode);
      }),
  });
  const { app, as } = world;
  // Operations that end a task or move it on have tasks of their own; all others see every state.
  const all: Standing[] = ["running", "waiting", "reviewed", "in CVAT", "parked", "completed", "cancelled", "deleted"];
  const own: Record<string, Standing[]> = {
    retryTask: ["parked", "parked", "parked", "running", "completed"],
    cancelTask: ["waiting", "parked", "running", "completed"],
    approveLabels: ["reviewed", "reviewed", "in CVAT", "running", "cancelled"],
    rejectLabels: ["reviewed", "running", "completed"],
    saveFrame: ["waiting", "reviewed", "running", "completed"],
    openRound: ["completed", "completed", "cancelled", "running"],
    deleteTask: ["cancelled", "completed", "deleted", "running", "parked"],
    syncLabels: ["in CVAT", "waiting", "completed"],
    // Of what has not ended, events do not end either: api/events.test.ts.
    watchTask: ["completed", "cancelled"],
    getTrainingReport: ["completed", "waiting"],
    getResult: ["completed", "waiting", "cancelled"],
  };
  const tasks: Record<string, string[]> = {};
  // Not all at once: a small machine has two cores.
  for (const [name, standings] of Object.entries({ any: all, ...own })) tasks[name] = await Promise.all(standings.map((standing) => world.task(standing)));
  const completed = await world.task("completed");
  const deployed = await send(app, "POST", "/deployments", { headers: { ...as("ada"), prefer: "wait=60" }, body: { task_id: completed, model_path: `train_log/${completed}/model.onnx` } });
  await createCvatClient(world.cvat).send("POST", `/api/webhooks/${[...world.cvat.store.webhooks.keys()][0]}/ping`);
  const delivery = await until("CVAT to have said something", 30, async () => world.cvat.deliveries.deliveries.find(({ event }) => event === "ping")?.body ?? null);
  there = { tasks, completed, deployment: deployed.body["run_id"], video: world.lab.video, folder: join(world.folder, "copies"), model: join(world.folder, "detect.onnx"), key: world.tokens.ada, secret: WEBHOOK_SECRET, delivery };
  answered.clear();
}, 600_000);
afterAll(() => world?.stop());

function schemathesis(): Promise<{ code: number; output: string }> {
  const { uv } = readTools();
  const args = ["run", "--project", folder, "--frozen", "--quiet", "schemathesis", "--config-file", join(folder, "schemathesis.toml"), "run", `${world.url}/openapi.json`, "--header", `Authorization: Bearer ${world.tokens.ada}`, "--checks", "all", "--no-color"];
  return new Promise((done) => {
    const child = spawn(uv, args, { cwd: folder, env: { ...process.env, UV_PROJECT_ENVIRONMENT: join(folder, ".venv"), ACTVERSE_WORLD: JSON.stringify(there), SCHEMATHESIS_HOOKS: "hooks", PYTHONPATH: folder, COLUMNS: "180" }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const log = createWriteStream("test/artifacts/schemathesis.log");
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => ((output += data.toString()), log.write(data)));
    child.once("error", (error) => done({ code: 127, output: String(error) }));
    child.once("close", (code) => done({ code: code ?? 1, output }));
  });
}

test("schemathesis finds nothing, and every operation was called as it should be at least once", async () => {
  await mkdir("test/artifacts", { recursive: true });
  // What it remembers of an earlier run would change this one.
  await rm(join(folder, ".schemathesis"), { recursive: true, force: true });
  const { code, output } = await schemathesis();
  expect(code, output.slice(-20_000)).toBe(0);
  const operations = world.app.declaredRoutes.filter(({ url, method, schema }) => method !== "HEAD" && schema !== undefined && schema.hide !== true && !url.startsWith("/docs")).map(({ method, url }) => `${String(method)} ${url}`);
  expect(operations.length).toBeGreaterThan(30);
  expect(operations.filter((name) => ![...(answered.get(name) ?? [])].some((status) => status >= 200 && status < 300))).toEqual([]);
}, 1_800_000);
