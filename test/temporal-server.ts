import { TestWorkflowEnvironment } from "@temporalio/testing";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import { execFileSync } from "node:child_process";
import { SEARCH_ATTRIBUTE_TYPES } from "../domain/search-attribute-types.ts";
import { freePort } from "../scripts/ports.ts";
import { readTools } from "../scripts/tools.ts";

/** The SDK gives the server 5 s to answer: on a busy machine one start may take longer, and the next finds it in memory. */
const STARTS = 3;

/** A real Temporal dev server on a free port, with our search attributes; `dbFile` keeps its state over a restart. */
export async function startTemporal(options: { dbFile?: string } = {}): Promise<TestWorkflowEnvironment> {
  const { temporal } = readTools();
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  // A first run brings the binary into memory.
  execFileSync(temporal, ["--version"]);
  const attributes = Object.entries(SEARCH_ATTRIBUTE_TYPES).flatMap(([name, type]) => ["--search-attribute", `${name}=${type}`]);
  const start = async (left: number): Promise<TestWorkflowEnvironment> =>
    TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: "existing-path", path: temporal },
        port: await freePort(),
        log: { format: "json", level: "error" },
        extraArgs: attributes,
        ...(options.dbFile === undefined ? {} : { dbFilename: options.dbFile }),
      },
    }).catch((error: unknown) => {
      if (left === 1) throw error;
      return start(left - 1);
    });
  return start(STARTS);
}
