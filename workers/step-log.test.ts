import { ApplicationFailure } from "@temporalio/common";
import { MockActivityEnvironment } from "@temporalio/testing";
import { DefaultLogger, type LogEntry } from "@temporalio/worker";
import { expect, it } from "vitest";
import { logAttempts, whatComesNext } from "./step-log.ts";

const policy = { initialInterval: "2s", backoffCoefficient: 2, maximumInterval: "1m", maximumAttempts: 6, nonRetryableErrorTypes: ["InputError"] } as const;

/** What is logged while an activity does this. */
async function logged(attempt: number, work: () => Promise<unknown>, during: (environment: MockActivityEnvironment) => void = () => {}): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const logger = new DefaultLogger("DEBUG", (entry) => entries.push(entry));
  const environment = new MockActivityEnvironment({ activityType: "trainModel", attempt, retryPolicy: { ...policy, nonRetryableErrorTypes: [...policy.nonRetryableErrorTypes] } }, { interceptors: [logAttempts], logger });
  const running = environment.run(work).catch(() => {});
  during(environment);
  await running;
  return entries.filter(({ message }) => message.startsWith("attempt"));
}

it("says of an attempt that failed what comes next, and of one that went well after it that it did", async () => {
  const [failed] = await logged(2, async () => {
    throw new Error("no space left");
  });
  expect(failed).toMatchObject({ level: "WARN", message: "attempt failed", meta: { step: "training", activity: "trainModel", attempt: 2, seconds: expect.any(Number), next: "attempt 3 of 6 in 4 s", error: expect.objectContaining({ message: "no space left" }) } });
  expect(await logged(3, async () => 1)).toMatchObject([{ level: "INFO", message: "attempt done", meta: { step: "training", attempt: 3 } }]);
  expect(await logged(1, async () => 1)).toMatchObject([{ level: "DEBUG", message: "attempt done" }]);
});

it("says of an attempt that was stopped that it was, and not that it failed", async () => {
  const entries = await logged(1, () => new Promise((_, reject) => setTimeout(() => reject(new Error("stopped")), 50)), (environment) => environment.cancel());
  expect(entries).toMatchObject([{ level: "INFO", message: "attempt stopped", meta: { step: "training" } }]);
});

it("knows when a person comes next", () => {
  const input = ApplicationFailure.create({ type: "InputError", message: "no animals" });
  expect(whatComesNext(input, 1, { nonRetryableErrorTypes: ["InputError"] })).toBe("a person has to mend it");
  expect(whatComesNext(ApplicationFailure.nonRetryable("no"), 1, {})).toBe("a person has to mend it");
  expect(whatComesNext(new Error("x"), 6, { maximumAttempts: 6 })).toBe("no attempt is left: a person has to look");
  expect(whatComesNext(new Error("x"), 9, { ...policy, maximumAttempts: 12, nonRetryableErrorTypes: [] })).toBe("attempt 10 of 12 in 60 s");
  expect(whatComesNext(ApplicationFailure.create({ message: "later", nextRetryDelay: "7s" }), 1, undefined)).toBe("attempt 2 in 7 s");
});
