import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../scripts/child.ts";
import { freePort } from "../scripts/ports.ts";

/** The processes themselves: the API and the command that makes keys. */

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], { env: { ...process.env, ACTVERSE_DATA_DIR: folder, ACTVERSE_LOG_FORMAT: "json", TEMPORAL_ADDRESS: "127.0.0.1:1", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.once("close", (code) => resolve({ code, output })));
  return { child, ended };
}
const keys = (...args: string[]) => start(["cli/main.ts", "keys", ...args]).ended;

it("refuses to be reached from other machines before there is a key", async () => {
  const { code, output } = await start(["api/main.ts"], { ACTVERSE_HOST: "0.0.0.0", ACTVERSE_PORT: "0" }).ended;
  expect(code).toBe(1);
  expect(output).toContain("npm run keys -- add USER");
});

it("lets in who has a key that the command made, and nobody once it is revoked", async () => {
  expect(await keys("list")).toEqual({ code: 0, output: "there are no keys\n" });
  const made = await keys("add", "ada", "--admin");
  const token = /^av_[\w-]{43}$/m.exec(made.output)![0];
  const id = /The key (\w+) of ada, an admin/.exec(made.output)![1]!;
  expect((await keys("list")).output).toContain(`${id}  `);
  expect((await keys("list")).output).not.toContain(token);
  for (const wrong of [["add", "a b"], ["drop"]]) expect((await keys(...wrong)).code, wrong.join(" ")).toBe(2);

  const port = await freePort();
  const { child, ended } = start(["api/main.ts"], { ACTVERSE_HOST: "0.0.0.0", ACTVERSE_PORT: String(port) });
  const get = (url: string) => fetch(`http://127.0.0.1:${port}${url}`, { headers: { authorization: `Bearer ${token}` } });
  expect(await until("the API to answer", 60, async () => (await get("/health")).json())).toMatchObject({ status: "ok", temporal: "unreachable" });
  expect(await (await get("/session")).json()).toMatchObject({ user_id: "ada", admin: true, authentication: "keys" });
  expect((await keys("revoke", id)).output).toContain("no keys left");
  await until("the key to be forgotten", 30, async () => (await get("/session")).status === 401);
  child.kill("SIGTERM");
  const { code, output } = await ended;
  expect(code).toBe(0);
  expect(output).toContain("the API listens");
  expect(output).not.toContain(token);
});
