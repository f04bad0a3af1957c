import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { QUEUES } from "../domain/activities.ts";
import type { Truth } from "../domain/result.ts";
import type { TaskState } from "../domain/state.ts";
import { until } from "../scripts/child.ts";
import { review } from "../scripts/demo/reviewer.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { createLab, type Lab } from "./lab.ts";
import { pictureOf } from "./terminal-picture.ts";
import { CTRL_C, openTerminal, type Moment, type OpenTerminal } from "./terminal.ts";

/** The command line as a person uses it: in a terminal, with real processes from the API to the trainer. */

let lab: Lab;
let sample: { video: string; truth: string };
let env: NodeJS.ProcessEnv;
let opened = "";
beforeAll(async () => {
  lab = await createLab();
  sample = await makeSample({ folder: join(lab.folder, "sample"), seconds: 4, width: 320, height: 192, animals: 2 });
  // In the browser's place: a program that writes down what it is to open.
  const browser = join(lab.folder, "browser");
  opened = join(lab.folder, "opened");
  await writeFile(browser, `#!/bin/sh\necho "$1" >>"${opened}"\n`);
  await chmod(browser, 0o755);
  const { SSH_CONNECTION: _ssh, ...rest } = process.env;
  env = { ...rest, ACTVERSE_URL: lab.apiUrl, DISPLAY: ":0", BROWSER: browser, npm_lifecycle_event: "actverse" };
  await lab.startWorker([...QUEUES], { ACTVERSE_LOG_FORMAT: "pretty" });
});
afterAll(() => lab.close());

const ACTVERSE = [process.execPath, "--import", "tsx", "cli/main.ts"];
const truthOf = async (): Promise<Truth> => JSON.parse(await readFile(sample.truth, "utf8")) as Truth;
const RUN = (truth: Truth): string[] => ["run", sample.video, "--classes", truth.class, "--keypoints", truth.keypoints.join(","), "--animals", "2", "--frames", "8", "--set", "training.epochs=1", "--set", "training.imgsz=64", "--set", "inference.confidence=0.999"];

/** Both commands one after another, as in one window; the addresses are those of a default start. */
function story(args: string[], first: OpenTerminal, second: OpenTerminal, taskId: string): Moment[] {
  const plain = (lines: string[]): string[] => lines.map((line) => line.replaceAll(`${lab.folder}/sample/sample.mp4`, "/videos/arena.mp4").replaceAll(lab.apiUrl, "http://127.0.0.1:8080"));
  const run = [`$ npm run actverse -- ${args.slice(0, 6).join(" ").replace(sample.video, "arena.mp4")} \\`, `    ${args.slice(6).join(" ")}`];
  const began = first.moments.map(({ at, lines }) => ({ at, lines: [...run, ...plain(lines)] }));
  const above = began.at(-1)!;
  const retry = [...above.lines.slice(0, above.lines.findLastIndex((line) => line !== "") + 1), `$ npm run actverse -- retry ${taskId} --watch`];
  return [...began, ...second.moments.map(({ at, lines }) => ({ at: above.at + 2000 + at, lines: [...retry, ...plain(lines)] }))];
}

it("runs a video in a terminal: bars for each step, the labeling page in the browser, what to do where it is parked, results at the end", async () => {
  const truth = await truthOf();
  const terminal = openTerminal([...ACTVERSE, ...RUN(truth)], { env });
  await terminal.shows("Label now", 120);
  const taskId = /Task ([0-9a-z]{12}): /.exec(await terminal.screen())![1]!;
  const page = `${lab.apiUrl}/label/${taskId}`;
  await terminal.shows(`Label now: ${page}`);
  expect(await until("the browser to be opened", 20, () => readFile(opened, "utf8").catch(() => null))).toBe(`${page}\n`);
  const waiting = await terminal.screen();
  for (const line of [/^ {2}download +\[█+\] 100% +\d+ s {2}completed/m, /^ {2}labeling +\[░+\] {3}0% +\d+ s {2}waiting/m, /^ {2}training +\[░+\] {3}0% +0 s {2}pending/m]) expect(waiting).toMatch(line);

  await review({ api: lab.api, taskId, truth, onFrame: () => {} });
  // Nothing is as sure as that: the task waits for a person, who says that it may go on.
  expect(await terminal.ended, await terminal.screen()).toBe(7);
  const parked = await terminal.screen();
  expect(parked).toMatch(/^ {2}training +\[█+\] 100% +\d+ s {2}completed/m);
  expect(parked).toContain(`Task ${taskId}: parked at inference: The model ${taskId}@1 found no animal in 120 frames.\n  What to do: retry with a lower inference.confidence`);
  expect(parked).toContain(`  Then: npm run actverse -- retry ${taskId}`);
  // Each step has one line: bars are drawn over one another.
  expect(parked.match(/^ {2}training /gm)).toHaveLength(1);
  expect(terminal.moments.some(({ lines }) => /^ {2}training .* running {3}.+/m.test(lines.join("\n"))), "figures while it trains").toBe(true);

  const retried = openTerminal([...ACTVERSE, "retry", taskId, "--watch"], { env });
  expect(await retried.ended, await retried.screen()).toBe(0);
  const end = await retried.screen();
  for (const step of ["download", "frames", "preinference", "labeling", "training", "deployment", "inference", "results"]) expect(end).toMatch(new RegExp(`^  ${step} +\\[█+\\] 100% +\\d+ s  completed`, "m"));
  expect(end).toMatch(/^ {2}upload +\[█+\] 100% +\d+ s {2}skipped/m);
  expect(end).toContain(`Task ${taskId}: completed\n  Results: npm run actverse -- results ${taskId} --to FOLDER`);

  // The worker's log of the same, as an operator reads it.
  const log = await readFile(join(lab.folder, "workers-main.ts-1.log"), "utf8");
  for (const line of [
    `INFO  ${taskId} download     step completed  +\\d+\\.\\d s  +-> frames\n`,
    `INFO  ${taskId} labeling     step waits  .* -> .+\n`,
    `INFO  ${taskId} training     step completed  +\\d+(\\.\\d s| min)  +-> deployment\n`,
    `WARN  ${taskId} inference    step\\.parked  .* reason=The model .* -> a person retries: retry with a lower `,
    `INFO  ${taskId} upload       step skipped  +0\\.\\d s  +-> the end\n`,
  ])
    expect(log).toMatch(new RegExp(line));

  await mkdir("test/artifacts", { recursive: true });
  await writeFile("test/artifacts/command-line.svg", pictureOf(story(RUN(truth), terminal, retried, taskId), terminal.columns));
}, 600_000);

it("leaves the task running at Ctrl-C, and says how to go on", async () => {
  // Under a shell, as anywhere: it outlives npm, and what npm runs may say its last words.
  const terminal = openTerminal(["sh", "-c", 'npm run --silent actverse -- "$@"; exit $?', "sh", ...RUN(await truthOf()), "--no-open"], { env });
  await terminal.shows("Label now", 120);
  const taskId = /Task ([0-9a-z]{12}): /.exec(await terminal.screen())![1]!;
  terminal.type(CTRL_C);
  expect(await terminal.ended, await terminal.screen()).toBe(130);
  expect(await terminal.screen()).toContain(`The task goes on without this window.\n  Watch it again  npm run actverse -- watch ${taskId}\n  End it          npm run actverse -- cancel ${taskId}`);
  expect((await lab.api.get<TaskState>(`/status/${taskId}`)).status).toBe("waiting");
  expect(await readFile(opened, "utf8").catch(() => "")).not.toContain(taskId);

  const again = openTerminal([...ACTVERSE, "watch", taskId], { env });
  await again.shows(`Label now: ${lab.apiUrl}/label/${taskId}`);
  await promisify(execFile)(process.execPath, [...ACTVERSE.slice(1), "cancel", taskId], { env });
  expect(await again.ended).toBe(8);
  expect(await again.screen()).toMatch(/^ {2}labeling .* cancelled/m);

  // Deleting is asked about; only a yes is one.
  for (const [said, code, end] of [["no", 2, "nothing was deleted"], ["yes", 0, `${taskId} is deleted`]] as const) {
    const asked = openTerminal([...ACTVERSE, "delete", taskId], { env });
    await asked.shows("for good? (yes/no)");
    asked.type(`${said}\r`);
    expect(await asked.ended, await asked.screen()).toBe(code);
    expect(await asked.screen()).toContain(end);
  }
}, 300_000);
