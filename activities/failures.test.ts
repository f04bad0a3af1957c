import { ApplicationFailure } from "@temporalio/common";
import { expect, it } from "vitest";
import { InputError } from "../domain/errors.ts";
import { asFailures } from "./failures.ts";

const deep = (depth: number, error: () => Error): Error => (depth === 0 ? error() : deep(depth - 1, error));
const failing = (error: Error) =>
  asFailures({
    async step(_input: unknown): Promise<unknown> {
      throw error;
    },
  }).step({});

it("says what to do, and does not try again what a person must mend", async () => {
  const failure = await failing(new InputError({ field: "num_frames", message: "Too many.", whatToDo: "Ask for less." })).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ message: "Too many.", type: "InputError", nonRetryable: true, details: [{ field: "num_frames", what_to_do: "Ask for less." }] });
});

it("keeps the beginning of every stack, so that the server shows what happened instead of that it is too long", async () => {
  const cause = deep(30, () => new TypeError("fetch failed"));
  const error = deep(30, () => new Error("the tool\ndoes not answer", { cause }));
  expect(await failing(error).catch((caught: unknown) => caught)).toBe(error);
  for (const { stack, message } of [error, cause]) {
    expect(stack).toContain(message);
    expect(stack!.split("\n").filter((line) => /^\s+at /.test(line))).toHaveLength(6);
  }
});
