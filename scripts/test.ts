import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { readTools } from "./tools.ts";
import type { VitestSummary } from "./vitest-summary.ts";

/**
 * `npm test`: every check, one after another. `--real`: only the tests that need long runs or other people's servers.
 * A check counts as one; vitest and pytest add their own counts. The last line is exactly `N passed, N failed`.
 */

interface Counts {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  /** Each failure in a line, where the tests say so much. */
  failures?: string[];
}

const root = resolve(import.meta.dirname, "..");
const found = readTools(root);
const logs = join(root, ".actverse/test-logs");
mkdirSync(logs, { recursive: true });

/** The one place of the tests that passes the environment on: what set-up found must be on the children's PATH. */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [dirname(found.temporal), dirname(found.uv), join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter),
  UV_PROJECT_ENVIRONMENT: found.python_env,
  // A training shares the machine with other tests, which would never let it have its turn.
  ACTVERSE_TRAINER_NICENESS: "0",
};

/** Runs a command in `cwd`; its output is shown as it comes, or kept for the case that it fails. */
function run(command: string[], options: { cwd?: string; show?: boolean; extra?: Record<string, string> } = {}): Promise<{ code: number; stdout: string; output: string }> {
  return new Promise((done) => {
    const child = spawn(command[0] ?? "", command.slice(1), {
      cwd: options.cwd ?? root,
      env: { ...environment, ...options.extra },
      stdio: options.show === true ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let output = "";
    child.stdout?.on("data", (data: Buffer) => {
      stdout += data.toString();
      output += data.toString();
    });
    child.stderr?.on("data", (data: Buffer) => (output += data.toString()));
    child.on("error", (error) => done({ code: 127, stdout, output: error.message }));
    child.on("close", (code) => done({ code: code ?? 1, stdout, output }));
  });
}

const passed = (): Counts => ({ passed: 1, failed: 0, skipped: [] });
const failed = (output = ""): Counts => {
  if (output !== "") console.log(output.trimEnd().split("\n").slice(-200).join("\n"));
  return { passed: 0, failed: 1, skipped: [] };
};
const skipped = (name: string, reason: string): Counts => ({ passed: 0, failed: 0, skipped: [{ name, reason }] });

const command = (...words: string[]) => async (): Promise<Counts> => {
  const result = await run(words);
  return result.code === 0 ? passed() : failed(result.output);
};

/** Known holes in what runs in production; without the registry's answer there is nothing to say. */
async function audit(): Promise<Counts> {
  const result = await run(["npm", "audit", "--omit=dev", "--audit-level=high", "--json"]);
  const report = ((): { metadata?: { vulnerabilities?: Record<string, number> } } => {
    try {
      return JSON.parse(result.stdout) as { metadata?: { vulnerabilities?: Record<string, number> } };
    } catch {
      return {};
    }
  })();
  if (report.metadata?.vulnerabilities === undefined) return skipped("npm audit", "the registry gives no advisories");
  return result.code === 0 ? passed() : failed(`npm audit: ${JSON.stringify(report.metadata.vulnerabilities)}; run \`npm audit --omit=dev\``);
}

async function compose(): Promise<Counts> {
  if ((await run(["docker", "compose", "version"])).code !== 0) return skipped("docker compose config", "docker compose is not installed; temporal-config/compose.test.ts still reads the file");
  return await command("docker", "compose", "config", "--quiet")();
}

const vitest = (tier: "fast" | "real") => async (): Promise<Counts> => {
  const output = join(logs, `vitest-${tier}.json`);
  rmSync(output, { force: true });
  const result = await run(["vitest", "run", "--reporter=default", "--reporter=./scripts/vitest-summary.ts", `--outputFile=${output}`], { show: true, extra: { ACTVERSE_TEST_TIER: tier } });
  try {
    const summary = JSON.parse(readFileSync(output, "utf8")) as VitestSummary;
    return { ...summary, failed: result.code !== 0 && summary.failed === 0 ? 1 : summary.failed };
  } catch {
    return failed("vitest ended without a summary");
  }
};

/** The trainer's own tests, counted from pytest's JUnit file. */
async function pytest(): Promise<Counts> {
  const output = join(logs, "pytest.xml");
  rmSync(output, { force: true });
  const result = await run([found.python, "-m", "pytest", "-q", "-rs", `--junitxml=${output}`], { cwd: join(root, "trainer"), show: true });
  try {
    const xml = readFileSync(output, "utf8");
    const count = (name: string) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
    const bad = count("failures") + count("errors");
    const left = [...xml.matchAll(/<testcase [^>]*\bname="([^"]*)"[^>]*><skipped [^>]*message="([^"]*)"/g)].map((m) => ({ name: `trainer: ${m[1]}`, reason: m[2] ?? "" }));
    return { passed: count("tests") - bad - count("skipped"), failed: result.code !== 0 && bad === 0 ? 1 : bad, skipped: left };
  } catch {
    return failed("pytest ended without a report");
  }
}

const checks: [string, () => Promise<Counts>][] = process.argv.includes("--real")
  ? [["long tests and other people's servers", vitest("real")]]
  : [
      ["lint, with the import rules", command("npm", "run", "--silent", "lint")],
      ["types", command("npm", "run", "--silent", "types")],
      ["workflow bundle", command("npm", "run", "--silent", "bundle")],
      ["known holes in dependencies", audit],
      ["docker-compose.yml", compose],
      ["the trainer's tests", pytest],
      ["unit and integration tests", vitest("fast")],
    ];

const total: Counts = { passed: 0, failed: 0, skipped: [] };
const failures: string[] = [];
for (const [name, check] of checks) {
  const begun = Date.now();
  const counts = await check();
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped.push(...counts.skipped);
  if (counts.failed > 0) failures.push(...(counts.failures ?? [name]));
  const mark = counts.failed > 0 ? "FAILED" : counts.passed > 0 ? "ok" : "skipped";
  console.log(`${mark.padEnd(8)}${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
}
for (const line of failures) console.log(`failed: ${line}`);
for (const { name, reason } of total.skipped) console.log(`skipped: ${name} (${reason})`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
