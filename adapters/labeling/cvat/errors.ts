import { InputError } from "../../../domain/errors.ts";

/** CVAT did not answer as it should: away, broken, or a refusal that nobody can mend by the settings. Worth another try. */
export class CvatError extends Error {
  override readonly name = "CvatError";
  readonly url: string;
  /** Of the answer; null where there was none. */
  readonly status: number | null;

  constructor(problem: { method: string; url: string; status: number | null; detail: string; cause?: unknown }) {
    const answer = problem.status === null ? "gave no answer" : `answered ${problem.status}`;
    super(`CVAT ${answer} to ${problem.method} ${problem.url}: ${problem.detail}`, problem.cause === undefined ? undefined : { cause: problem.cause });
    this.url = problem.url;
    this.status = problem.status;
  }
}

/** The token is not known, or may not do what was asked. */
export function refused(problem: { method: string; url: string; status: number; detail: string }): InputError {
  return new InputError({
    field: "labeling.tool",
    message: `CVAT lets us in no more: it answered ${problem.status} to ${problem.method} ${problem.url}: ${problem.detail}`,
    whatToDo: "See that ACTVERSE_CVAT_TOKEN is a valid token of a user who may make projects in the CVAT at ACTVERSE_CVAT_URL, start Actverse again, and retry labeling.",
    status: 403,
  });
}

/** Something that we made in CVAT is there no more. */
export function lost(what: string, cause?: unknown): InputError {
  return new InputError({
    field: "labeling.tool",
    message: `CVAT has lost ${what}.`,
    whatToDo: "See that ACTVERSE_CVAT_URL names the CVAT in which it was made, and that nobody deleted or renamed it there; retrying labeling makes it anew from the pre-labels.",
    status: 404,
    cause,
  });
}

/** What only a labeler or reviewer can mend in CVAT. */
export function toMend(options: { frame: number; job: string; message: string; whatToDo: string }): InputError {
  return new InputError({ field: `frames.${options.frame}`, message: `Frame ${options.frame}: ${options.message}`, whatToDo: `${options.whatToDo} It is in ${options.job}.`, status: 422 });
}
