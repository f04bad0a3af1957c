import { Worker, type ReplayHistoriesIterable } from "@temporalio/worker";
import { readFileSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { workflowBundle } from "../workers/workflow-bundle.ts";

/** Runs of earlier versions must go on under this one: a change that breaks them needs `patched()`. */
it("replays every recorded history", async () => {
  const folder = new URL("./histories/", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  expect(files.length).toBeGreaterThanOrEqual(4);
  const histories: ReplayHistoriesIterable = (async function* read() {
    for (const name of files) yield { workflowId: name, history: JSON.parse(readFileSync(new URL(name, folder), "utf8")) as unknown };
  })();
  const failed: string[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, histories)) {
    if (result.error !== undefined) failed.push(`${result.workflowId}: ${result.error.message}`);
  }
  expect(failed).toEqual([]);
});
