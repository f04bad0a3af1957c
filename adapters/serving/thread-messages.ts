import type { Detection } from "../../domain/detections.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import type { Limits } from "./decode-output.ts";

/** Images for a model: `count` images of 3 x height x width bytes, one after the other. `pixels` is transferred. */
export interface Images {
  pixels: Uint8Array<ArrayBuffer>;
  count: number;
  height: number;
  width: number;
}

/** What is wrong. `model`: the file cannot serve, trying again does not help; `absent`: it is not loaded there; `too-large`: one image is more than the server takes; `failed`: another try may work. */
export type Problem = "model" | "absent" | "too-large" | "failed";

export class ThreadProblem extends Error {
  override readonly name = "ThreadProblem";
  readonly problem: Problem;

  constructor(problem: Problem, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.problem = problem;
  }
}

/** What the main thread asks of the thread that runs models, or talks to those who do, and the answers. */
export type OnnxRequest =
  /** `key`: a name of its own for each loading, so that letting go of one never meets the next. */
  | { kind: "load"; key: string; bytes: Uint8Array; facts: ModelFacts; threads: number }
  /** `images`: each 3 x height x width bytes; as many as the model takes at once, or fewer. */
  | { kind: "infer"; key: string; limits: Limits; images: Uint8Array[]; height: number; width: number }
  | { kind: "unload"; key: string };

/** `url`: of the model's version. `maxBatch`: images in one request, 0: any. `timeoutMs`: of one request. `check`: with an empty image. */
export type TritonRequest = { url: string; facts: ModelFacts; maxBatch: number; timeoutMs: number } & ({ kind: "check" } | ({ kind: "infer"; limits: Limits } & Images));

/** Instead of a request: the thread ends itself, and drops what waits. One that is ended from outside while a model runs takes the whole process with it. */
export const END = "end";

export type Numbered<Request> = Request & { id: number };

export type Reply = { id: number } & ({ ok: true; detections: Detection[][] } | { ok: false; problem: Problem; message: string });
