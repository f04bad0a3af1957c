import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { createBuiltinLabeling } from "../../adapters/labeling/builtin.ts";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import { buildApp } from "../app.ts";
import type { TemporalGateway } from "../temporal.ts";

/** The table of docs/api.md: every endpoint, its errors, and the test that covers it. */

/** What every endpoint may answer besides. */
const ALWAYS = ["429", "500"];
const ROW = /^\| `([A-Z]+ [^`]+)` \| ([\d, ]*) \| `([^`]+)` \|$/gm;

interface Row { route: string; errors: string[]; test: string }
let rows: Row[];
/** The errors of each operation. */
const operations = new Map<string, string[]>();

beforeAll(async () => {
  const text = await readFile("docs/api.md", "utf8");
  rows = [...text.matchAll(ROW)].map(([, route = "", errors = "", test = ""]) => ({ route, errors: errors.split(", ").filter((code) => code !== ""), test }));
  const folder = await mkdtemp(join(tmpdir(), "actverse-table-"));
  const storage = createLocalStorage({ root: folder });
  // Nothing is asked of Temporal: only the document is read.
  const app = await buildApp({ storage, labeling: createBuiltinLabeling({ storage }), temporal: {} as TemporalGateway, auth: { allowAnonymous: true }, allowedRoots: [], webRoot: folder, version: "1.2.3" });
  await app.ready();
  for (const [path, item] of Object.entries(app.swagger().paths ?? {})) {
    for (const [method, { responses }] of Object.entries(item as Record<string, { responses: object }>)) operations.set(`${method.toUpperCase()} ${path}`, Object.keys(responses).filter((status) => status >= "400" && !ALWAYS.includes(status)));
  }
  return async () => {
    await app.close();
    await rm(folder, { recursive: true });
  };
});

it("has each endpoint once, and no other", () => {
  expect(rows.map(({ route }) => route).toSorted()).toEqual([...operations.keys()].toSorted());
});

it("names the errors that the endpoint answers with", () => {
  expect(rows.map(({ route, errors }) => `${route}: ${errors.join(", ")}`)).toEqual(rows.map(({ route }) => `${route}: ${operations.get(route)?.join(", ")}`));
  for (const status of ALWAYS) expect(operations.size > 0 && rows.every(({ errors }) => !errors.includes(status))).toBe(true);
});

it("has every error that was asked for", () => {
  const asked: Record<string, number[]> = {
    "POST /tasks/": [400, 401],
    "GET /status/{task_id}": [404],
    "POST /video/download": [400, 404],
    "POST /video/extract-frames": [400, 404],
    "POST /video/upload": [404],
    "POST /labeling": [400, 404],
    "GET /labeling/{task_id}": [404],
    "POST /training": [400, 422],
    "GET /training/{task_id}": [404],
    "POST /deployments": [400, 404],
    "GET /models": [],
    "POST /models/{name}/inference": [400, 404, 422],
  };
  for (const [route, errors] of Object.entries(asked)) expect(rows.find((row) => row.route === route)?.errors, route).toEqual(expect.arrayContaining(errors.map(String)));
});

/** The address as a test writes it: with values, or `${...}`, for what is in braces. */
function calls(text: string, route: string): boolean {
  const [method = "", path = ""] = route.split(" ");
  const address = path.split(/(\{\w+\})/).map((part) => (part.startsWith("{") ? String.raw`(?:\$\{[^}]*\}|:?[\w%.{}-]+)` : part.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`))).join("").replace(/\/$/, "/?");
  return new RegExp(`${address}(?=["'\`?#&,$\\s]|$)`, "m").test(text) && new RegExp(`"${method}|\\b${method.toLowerCase()}\\(|method: "${method}${method === "GET" ? String.raw`|fetch\(|inject\(\{ url` : ""}`).test(text);
}

it("names a test for each endpoint, which is there and calls it", async () => {
  for (const { route, test } of rows) {
    expect(test, route).toMatch(/\.test\.ts$/);
    expect(existsSync(test), `${route}: ${test}`).toBe(true);
    expect(calls(await readFile(test, "utf8"), route), `${route} in ${test}`).toBe(true);
  }
});
