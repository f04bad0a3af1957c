import type { ModelRef } from "../../domain/detections.ts";
import { InputError } from "../../domain/errors.ts";
import { cannotServe, nameOf } from "./model-files.ts";
import { ServingError } from "./serving.ts";
import { ThreadProblem } from "./thread-messages.ts";
import { TritonRefusal } from "./triton-http.ts";

/** What the server lacks at the moment, not what the model is. */
const SHORTAGE = /out of memory|cannot allocate|failed to allocate|no space left|shared memory/i;

/**
 * Why loading failed. The server answers 400 where a model's file or configuration cannot be loaded, and says which version;
 * 500 where it finds no model of that name, 503 where it does not let itself be told what to load.
 */
export function loadFailure(error: unknown, asked: ModelRef): unknown {
  if (!(error instanceof TritonRefusal)) return error;
  const { url, status, words } = error;
  if (/failed to poll from model repository/.test(words)) {
    return new ServingError(url, `the server cannot read ${asked.name} in its model repository (${words}); start it with --model-repository on the folder "models" of our storage`, { cause: error });
  }
  if (/explicit model load/.test(words)) return new ServingError(url, `the server must be started with --model-control-mode=explicit (${words})`, { cause: error });
  if (status !== 400 || SHORTAGE.test(words)) return error;
  const version = Number(/version (\d+) is at UNAVAILABLE/.exec(words)?.[1] ?? asked.version);
  return cannotServe({ name: asked.name, version }, new Error(`Triton refuses it: ${words.trim()}`, { cause: error }));
}

/** What the thread that talks to the server says, as our callers know it. `url`: of the version. */
export function readFailure(error: unknown, model: ModelRef, url: string): unknown {
  if (!(error instanceof ThreadProblem)) return error;
  if (error.problem === "model") return cannotServe(model, error);
  if (error.problem === "too-large") {
    return new InputError({
      field: "model",
      status: 422,
      message: `Triton does not take one image of ${nameOf(model)} in a request: ${error.message}`,
      whatToDo: "Start Triton with a larger --http-max-input-size, or train with a smaller imgsz.",
      cause: error,
    });
  }
  return new ServingError(url, error.message, { cause: error });
}
