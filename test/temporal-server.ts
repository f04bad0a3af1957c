import { TestWorkflowEnvironment } from "@temporalio/testing";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { execFileSync } from "node:child_process";
import { SEARCH_ATTRIBUTE_TYPES } from "../domain/search-attribute-types.ts";
import { readTools } from "../scripts/tools.ts";

/** A real Temporal dev server on a free port, with our search attributes; `dbFile` keeps its state over a restart. */
export async function startTemporal(options: { dbFile?: string } = {}): Promise<TestWorkflowEnvironment> {
  const { temporal } = readTools();
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  // The SDK waits only 5 s for the server: a first run brings the binary into memory.
  execFileSync(temporal, ["--version"]);
  const attributes = Object.entries(SEARCH_ATTRIBUTE_TYPES).flatMap(([name, type]) => ["--search-attribute", `${name}=${type}`]);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: "existing-path", path: temporal },
      log: { format: "json", level: "error" },
      extraArgs: attributes,
      ...(options.dbFile === undefined ? {} : { dbFilename: options.dbFile }),
    },
  });
}
