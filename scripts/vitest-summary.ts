import { writeFileSync } from "node:fs";
import type { Reporter, TestModule, Vitest } from "vitest/node";

/** What scripts/test.ts counts. */
export interface VitestSummary {
  passed: number;
  failed: number;
  /** Each skipped test with the reason that it gave. */
  skipped: { name: string; reason: string }[];
  /** Each failure in a line: the file, the test and the first line of what it said. */
  failures: string[];
}

/** A vitest reporter that writes a VitestSummary to `--outputFile`: vitest's own JSON leaves out why a test was skipped. */
export default class SummaryReporter implements Reporter {
  #output = "";

  onInit(vitest: Vitest): void {
    const { outputFile } = vitest.config;
    if (typeof outputFile !== "string") throw new Error("say where the summary goes: --outputFile=PATH");
    this.#output = outputFile;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string }[]): void {
    const summary: VitestSummary = { passed: 0, failed: 0, skipped: [], failures: [] };
    const fail = (where: string, message: string): void => {
      summary.failed += 1;
      summary.failures.push(`${where}: ${message.split("\n")[0]}`);
    };
    for (const { message } of unhandled) fail("outside of any test", message);
    for (const module of modules) {
      // A file that could not be loaded, or whose hooks failed.
      for (const { message } of module.errors()) fail(module.relativeModuleId, message);
      for (const suite of module.children.allSuites()) for (const { message } of suite.errors()) fail(`${module.relativeModuleId}: ${suite.fullName}`, message);
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") summary.passed += 1;
        else if (result.state === "failed") fail(`${module.relativeModuleId}: ${test.fullName}`, result.errors[0]?.message ?? "no message");
        else summary.skipped.push({ name: `${module.relativeModuleId}: ${test.fullName}`, reason: (result.state === "skipped" ? result.note : undefined) ?? "no reason given" });
      }
    }
    writeFileSync(this.#output, JSON.stringify(summary));
  }
}
