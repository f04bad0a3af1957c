import type { Detection } from "../../domain/detections.ts";
import type { ModelFacts } from "../../domain/model-facts.ts";
import type { Limits } from "./decode-output.ts";

/** What the main thread asks of the ONNX thread, and the answers. `key`: `{name}@{version}`. */
export type OnnxRequest = { id: number } & (
  | { kind: "load"; key: string; bytes: Uint8Array; facts: ModelFacts; threads: number }
  /** pixels: `count` images of 3 x height x width bytes, one after the other; transferred. */
  | { kind: "infer"; key: string; pixels: Uint8Array; count: number; height: number; width: number; limits: Limits }
  | { kind: "unload"; key: string }
);

export type OnnxReply = { id: number } & (
  | { ok: true; detections: Detection[][] }
  /** `model`: the file cannot serve; trying again does not help. */
  | { ok: false; message: string; model: boolean }
);
