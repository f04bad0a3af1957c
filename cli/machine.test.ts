import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startLab, type Lab } from "../api/lab.test-suite.ts";
import { readTools } from "../scripts/tools.ts";
import type { Finding } from "./doctor/finding.ts";
import { checkDisk, checkNode } from "./doctor/machine.ts";
import { EXIT } from "./exit-codes.ts";
import { runCommand, startCommandLab, type CommandLab } from "./lab.test-tools.ts";

/** The commands that work on this machine: keys, doctor, completion; as processes where their environment counts. */

let lab: Lab;
let commands: CommandLab;
let folder: string;
beforeAll(async () => {
  lab = await startLab();
  commands = await startCommandLab(lab);
  folder = await mkdtemp(join(tmpdir(), "actverse-cli-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await lab.stop();
});

const start = (args: string[], env: NodeJS.ProcessEnv, cwd = process.cwd()): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    execFile(process.execPath, [resolve("cli/actverse.mjs"), ...args], { env: { ...process.env, ...env }, cwd }, (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }));
  });
const byCheck = (stdout: string): Record<string, Finding> => Object.fromEntries((JSON.parse(stdout) as { findings: Finding[] }).findings.map((finding) => [finding.check, finding]));

it("makes, lists and revokes keys in storage; what is kept is their hash", async () => {
  const env = { ACTVERSE_DATA_DIR: folder };
  expect((await runCommand(["keys", "list", "--json"], { env })).document).toEqual({ keys: [] });
  const { document: made } = await runCommand(["keys", "add", "ada", "--admin", "--json"], { env });
  expect(made).toMatchObject({ user_id: "ada", admin: true, token: expect.stringMatching(/^av_/) });
  const kept = (await Promise.all((await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".json")).map((name) => readFile(join(folder, name), "utf8")))).join("");
  expect(kept).not.toContain(made["token"]);
  expect(kept).toContain(createHash("sha256").update(made["token"] as string).digest("hex"));
  const list = await runCommand(["keys", "list"], { env });
  expect(list.out).toMatch(new RegExp(`^KEY +USER +RIGHTS +MADE\n${made["id"]} +ada +admin +\\d{4}-`));
  expect((await runCommand(["keys", "revoke", made["id"] as string, "--json"], { env })).document).toMatchObject({ user_id: "ada", left: 0 });
  expect(await runCommand(["keys", "revoke", "nobody"], { env })).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("there is no key nobody") });
  for (const wrong of [["add"], ["add", "a b"], ["add", "ada", "--root"], ["revoke"], ["drop"], []]) expect((await runCommand(["keys", ...wrong], { env })).code, wrong.join(" ")).toBe(EXIT.usage);
  expect(await runCommand(["keys", "list"], { env: { ACTVERSE_PORT: "many" } })).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("ACTVERSE_PORT must be a whole number") });
});

it("finds all that is needed where it is there, and says where nobody works", async () => {
  const { address } = lab.env;
  const env = { ACTVERSE_URL: commands.url, TEMPORAL_ADDRESS: address, ACTVERSE_DATA_DIR: join(folder, "data"), ACTVERSE_TRAINER_PYTHON: readTools().python };
  const idle = await start(["doctor", "--json"], env);
  expect(idle.code, idle.stderr).toBe(EXIT.unhealthy);
  expect(byCheck(idle.stdout)).toMatchObject({
    node: { status: "ok" },
    ffmpeg: { status: "ok" },
    python: { status: "ok", detail: expect.stringContaining("PyTorch") },
    storage: { status: "ok" },
    temporal: { status: "ok", detail: expect.stringContaining(address) },
    workers: { status: "failed", detail: expect.stringContaining("training"), what_to_do: expect.stringContaining("npm start") },
    api: { status: "ok", detail: expect.stringContaining("1.2.3") },
    key: { status: "ok" },
  });
  await lab.startWorkers();
  const client = await start(["doctor", "--client"], env);
  expect(client).toMatchObject({ code: EXIT.done, stdout: expect.stringMatching(/^ok +api .*reaches Temporal\nok +key +none is needed\nAll that is needed is there\.\n$/) });
});

it("says of each thing that is missing what to do", async () => {
  const nothing = { ACTVERSE_URL: "http://127.0.0.1:9", TEMPORAL_ADDRESS: "127.0.0.1:9", ACTVERSE_DATA_DIR: "/dev/null/data", FFMPEG_PATH: "/nowhere/ffmpeg", ACTVERSE_TRAINER_PYTHON: "/nowhere/python" };
  const { code, stdout } = await start(["doctor", "--json"], nothing);
  expect(code).toBe(EXIT.unhealthy);
  const found = byCheck(stdout);
  expect(Object.values(found).filter(({ status }) => status === "failed").map(({ check }) => check)).toEqual(["ffmpeg", "python", "storage", "disk", "temporal", "api"]);
  expect(Object.values(found).every(({ status, what_to_do: whatToDo }) => (status === "ok") === (whatToDo === undefined))).toBe(true);

  // An ffmpeg that cannot draw, and a Python without PyTorch.
  await mkdir(join(folder, "bin"), { recursive: true });
  for (const name of ["ffmpeg", "python"]) {
    await writeFile(join(folder, "bin", name), '#!/bin/sh\n[ "$1" != -c ] || { echo "No module named torch" >&2; exit 1; }\necho "version 7.0 ... libx264 "\n');
    await chmod(join(folder, "bin", name), 0o755);
  }
  const poor = byCheck((await start(["doctor", "--json"], { ...nothing, FFMPEG_PATH: join(folder, "bin", "ffmpeg"), ACTVERSE_TRAINER_PYTHON: join(folder, "bin", "python") })).stdout);
  expect(poor["ffmpeg"]).toMatchObject({ status: "failed", detail: expect.stringContaining("lacks libass") });
  expect(poor["python"]).toMatchObject({ status: "failed", detail: expect.stringContaining("No module named torch") });
  expect(checkNode("18.20.1")).toMatchObject({ status: "failed", what_to_do: "install Node.js 20.19 or later" });
  const disk = (bytes: number) => checkDisk({ dataDir: "/a", workDir: "/b" }, async (path) => (path === "/b" ? bytes : 1e12));
  expect([await disk(1e9), await disk(1e10), await disk(1e11)]).toMatchObject([{ status: "failed", detail: "1.0 GB are free at /b" }, { status: "note" }, { status: "ok" }]);
});

it("completes commands, options and what may be chosen, in bash itself", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout } = await start(["completion", shell], {});
    expect(code, shell).toBe(0);
    expect(stdout, shell).toContain("actverse complete --");
  }
  expect((await start(["completion", "tcsh"], {})).code).toBe(EXIT.usage);
  const script = join(folder, "completion.bash");
  await writeFile(script, (await start(["completion", "bash"], {})).stdout);
  // What the package bash-completion has, as far as it is needed here.
  const shim = "_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; words=(\"${COMP_WORDS[@]}\"); cword=$COMP_CWORD; }; __ltrim_colon_completions() { :; }; compopt() { :; }";
  const complete = (...words: string[]): string[] => {
    const ask = `${shim}; actverse() { "${process.execPath}" "${resolve("cli/actverse.mjs")}" "$@"; }; source "${script}"; COMP_WORDS=(${["actverse", ...words].map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; __actverse_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const ran = spawnSync("bash", ["-c", ask], { encoding: "utf8" });
    return ran.stdout.trim().split("\n").map((line) => line.split(/\s/)[0]!);
  };
  expect(complete("ca")).toEqual(["cancel"]);
  expect(complete("models", "pro")).toEqual(["promote"]);
  expect(complete("tasks", "--state", "ca")).toEqual(["cancelled"]);
});
