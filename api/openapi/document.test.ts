import { Ajv2020 } from "ajv/dist/2020.js";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBuiltinLabeling } from "../../adapters/labeling/builtin.ts";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import { buildApp } from "../app.ts";
import type { App } from "../context.ts";
import type { TemporalGateway } from "../temporal.ts";
import type { Document } from "./document.ts";
import { OPERATIONS } from "./operations.ts";

type Full = Document & { openapi: string; info: { version: string }; tags: { name: string; description?: string }[] };
type Operation = Full["paths"][string][string] & { summary?: string; tags?: string[]; security?: object[] };

let folder: string;
let app: App;
let document: Full;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "actverse-openapi-"));
  const storage = createLocalStorage({ root: folder });
  // Nothing is asked of Temporal: only the document is read.
  app = await buildApp({ storage, labeling: createBuiltinLabeling({ storage }), temporal: {} as TemporalGateway, auth: { allowAnonymous: true }, allowedRoots: [], webRoot: folder, version: "1.2.3" });
  await app.ready();
  document = (await app.inject({ url: "/openapi.json", headers: { host: "localhost" } })).json<Full>();
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

const operations = (): [string, Operation][] => Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation as Operation]));
const ajv = new Ajv2020({ strict: false, allErrors: true });
/** What is wrong with an example; null: nothing. */
function wrong(schema: object | undefined, example: unknown): string | null {
  if (example === undefined) return "there is no example";
  if (schema === undefined) return "there is no schema";
  return ajv.validate({ ...schema, components: document.components }, example) ? null : ajv.errorsText();
}

describe("the OpenAPI document", () => {
  it("is version 3.1, has every operation, and nothing that is no operation", () => {
    expect(document).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
    expect(operations().map(([name]) => name).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it("says of each operation what it is, and under which heading", () => {
    const tags = new Set(document.tags.filter(({ description }) => description !== undefined).map(({ name }) => name));
    const lacking = operations().filter(([, { summary = "", description = "", tags: own = [] }]) => summary === "" || description === "" || own.length !== 1 || !tags.has(own[0]!));
    expect(lacking.map(([name]) => name)).toEqual([]);
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("has an example of every body, and it is as the schema says", () => {
    const bodies = operations().flatMap(([name, { requestBody }]) => Object.values(requestBody?.content ?? {}).map((media): [string, string | null] => [name, wrong(media.schema, media.example)]));
    expect(bodies.length).toBeGreaterThan(12);
    expect(bodies.filter(([, problem]) => problem !== null)).toEqual([]);
  });

  it("has an example of every good answer, and it is as the schema says", () => {
    const texts = ["application/json", "text/event-stream"];
    const good = operations().flatMap(([name, { responses }]) => Object.entries(responses).filter(([status]) => status.startsWith("2")).flatMap(([status, { content = {} }]) => Object.entries(content).filter(([type, { schema }]) => texts.includes(type) && !("format" in schema!)).map(([, media]): [string, string, string | null] => [name, status, wrong(media.schema, media.example)])));
    expect(good.length).toBeGreaterThan(25);
    expect(good.filter(([, , problem]) => problem !== null)).toEqual([]);
  });

  it("says of every error what it means, with an example of the problem", () => {
    const bad = operations().flatMap(([name, { responses }]) => Object.entries(responses).filter(([status]) => status >= "400").map(([status, { description, content }]) => ({ name, status, description, types: Object.keys(content ?? {}), problem: wrong(content?.["application/problem+json"]?.schema, content?.["application/problem+json"]?.example), example: content?.["application/problem+json"]?.example })));
    expect(bad.length).toBeGreaterThan(200);
    expect(bad.filter(({ types, problem, description }) => types.join() !== "application/problem+json" || problem !== null || description === "problem")).toEqual([]);
    expect(bad.filter(({ status, example }) => (example as { status: number }).status !== Number(status))).toEqual([]);
    for (const [name, { responses }] of operations()) expect(Object.keys(responses), name).toEqual(expect.arrayContaining(["429", "500"]));
  });

  it("has examples of the parameters that fit", () => {
    const parameters = operations().flatMap(([name, operation]) => (operation.parameters ?? []).map((parameter): [string, string, string | null] => [name, parameter.name, wrong((parameter as { schema?: object }).schema, parameter.example)]));
    expect(parameters.filter(([, , problem]) => problem !== null)).toEqual([]);
  });

  it("links what an answer names to the operations that take it", () => {
    const ids = new Set(operations().map(([, { operationId }]) => operationId));
    const links = operations().flatMap(([, { responses }]) => Object.values(responses).flatMap((answer) => Object.values((answer.links ?? {}) as Record<string, { operationId: string }>)));
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter(({ operationId }) => !ids.has(operationId))).toEqual([]);
  });
});
