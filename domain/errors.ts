export type InputStatus = 400 | 401 | 403 | 404 | 409 | 422;

/**
 * An error that a person can mend: what they gave is wrong, or what they have is not enough.
 * Never retried: the same input would fail again. `field` names what to change (a setting, a frame, a file),
 * `whatToDo` says how, in one sentence.
 */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly field: string;
  readonly whatToDo: string;
  /** The HTTP status that says the same: 400 malformed, 401 not signed as agreed, 404 no such thing, 409 conflict, 422 understood but not allowed. */
  readonly status: InputStatus;

  constructor(problem: { field: string; message: string; whatToDo: string; status?: InputStatus; cause?: unknown }) {
    super(problem.message, problem.cause === undefined ? undefined : { cause: problem.cause });
    this.field = problem.field;
    this.whatToDo = problem.whatToDo;
    this.status = problem.status ?? 400;
  }
}

/** A video's times begin anew in its middle, as where a camera's recordings were put one behind the other. */
export class ClockJumpsBack extends Error {
  override readonly name = "ClockJumpsBack";
}

/** What `unknown` in a catch clause says, without throwing again. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
