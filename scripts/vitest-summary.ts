import { writeFileSync } from "node:fs";
import type { Reporter, TestModule, Vitest } from "vitest/node";

/** What scripts/test.ts counts. */
export interface VitestSummary {
  passed: number;
  failed: number;
  /** Each skipped test with the reason that it gave. */
  skipped: { name: string; reason: string }[];
}

/** A vitest reporter that writes a VitestSummary to `--outputFile`: vitest's own JSON leaves out why a test was skipped. */
export default class SummaryReporter implements Reporter {
  #output = "";

  onInit(vitest: Vitest): void {
    const { outputFile } = vitest.config;
    if (typeof outputFile !== "string") throw new Error("say where the summary goes: --outputFile=PATH");
    this.#output = outputFile;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const summary: VitestSummary = { passed: 0, failed: unhandled.length, skipped: [] };
    for (const module of modules) {
      // A file that could not be loaded has no tests, but it has failed.
      summary.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") summary.passed += 1;
        else if (result.state === "failed") summary.failed += 1;
        else summary.skipped.push({ name: `${module.relativeModuleId}: ${test.fullName}`, reason: (result.state === "skipped" ? result.note : undefined) ?? "no reason given" });
      }
    }
    writeFileSync(this.#output, JSON.stringify(summary));
  }
}
