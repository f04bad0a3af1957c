import { workflowBundle } from "../workers/workflow-bundle.ts";

/** Builds the workflow bundle, if it is not there yet: fails on code that may not run in a workflow. */
const bundle = await workflowBundle();
console.log("codePath" in bundle ? bundle.codePath : "the bundle is sound, but dist/ cannot be written");
