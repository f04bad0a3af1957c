import { TestWorkflowEnvironment } from "@temporalio/testing";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { execFile } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SEARCH_ATTRIBUTE_TYPES } from "../domain/search-attribute-types.ts";
import { readTools } from "../scripts/tools.ts";

const exec = promisify(execFile);
let environment: TestWorkflowEnvironment;
const { temporal } = readTools();
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  // The SDK waits only 5 s for the server: a first run brings the binary into memory.
  await exec(temporal, ["--version"]);
  environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: "existing-path", path: temporal }, log: { format: "json", level: "error" } } });
});
afterAll(() => environment.teardown());

test("the script makes the namespace and exactly the search attributes that workflows set, once", async () => {
  const address = environment.address;
  const env = { ...process.env, PATH: [dirname(temporal), process.env["PATH"] ?? ""].join(delimiter), TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: "actverse-check" };
  for (let run = 0; run < 2; run++) {
    const { stdout } = await exec("sh", ["temporal-config/set-up-namespace.sh"], { env });
    expect(stdout).toContain("namespace actverse-check is ready");
  }
  const { stdout } = await exec(temporal, ["operator", "search-attribute", "list", "--output", "json", "--address", address, "--namespace", "actverse-check"]);
  const listed = JSON.parse(stdout) as { customAttributes?: Record<string, string> };
  const types = Object.fromEntries(Object.entries(listed.customAttributes ?? {}).map(([name, type]) => [name, type.replace("INDEXED_VALUE_TYPE_", "").toLowerCase()]));
  expect(types).toEqual(Object.fromEntries(Object.entries(SEARCH_ATTRIBUTE_TYPES).map(([name, type]) => [name, type.toLowerCase()])));
});
