import { bundleWorkflowCode } from "@temporalio/worker";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Builds the workflow bundle: fails on code that may not run in a workflow. */
const { code } = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL("../workflows/index.ts", import.meta.url)) });
mkdirSync("dist", { recursive: true });
writeFileSync("dist/workflows.js", code);
console.log(`dist/workflows.js: ${(code.length / 1e6).toFixed(1)} MB`);
