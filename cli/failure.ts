import { CommanderError } from "commander";
import type { Problem } from "../api/problems.ts";
import { InputError, messageOf } from "../domain/errors.ts";
import { ConfigError } from "../workers/config-error.ts";
import { ApiError, ApiUnreachable, isPassing } from "./client.ts";
import { EXIT } from "./exit-codes.ts";

/** How a command failed: what is shown of it, and what it ends with. */
export interface Failure {
  code: number;
  /** All was said before. */
  isShown?: boolean;
  problem: Pick<Problem, "detail"> & Partial<Problem>;
}

const CODES: Record<number, number> = { 401: EXIT.notAllowed, 403: EXIT.notAllowed, 404: EXIT.notFound };

const codeOf = (error: ApiError): number => {
  if (isPassing(error)) return EXIT.unreachable;
  return CODES[error.status] ?? (error.status < 500 ? EXIT.refused : EXIT.unexpected);
};

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return { code: codeOf(error), problem: { ...error.problem, detail: error.problem.detail ?? error.message } };
  if (error instanceof ApiUnreachable) return { code: EXIT.unreachable, problem: { detail: error.message, field: "ACTVERSE_URL", what_to_do: "start it with `npm start`, or say where it is with --url or ACTVERSE_URL" } };
  if (error instanceof InputError) return { code: EXIT.usage, problem: { detail: error.message, field: error.field, what_to_do: error.whatToDo } };
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? EXIT.done : EXIT.usage, isShown: /^commander\.(help|version)/.test(error.code), problem: { detail: error.message.replace(/^error: /, ""), what_to_do: "add --help to see how it is used" } };
  if (error instanceof ConfigError) return { code: EXIT.usage, problem: { detail: error.message, what_to_do: "correct this variable of the environment" } };
  return { code: EXIT.unexpected, problem: { detail: messageOf(error), what_to_do: "look into the log of the API, and of the workers" } };
}

/** The problem in plain words: what, which field, what to do. */
export function inWords({ detail, field, what_to_do: whatToDo }: Failure["problem"]): string {
  const about = field === undefined || field === "" || detail.includes(field) ? "" : ` (${field})`;
  return `${detail}${about}${whatToDo === undefined ? "" : `\n  What to do: ${whatToDo}`}`;
}
