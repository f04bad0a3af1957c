import type { Detection, ModelInfo, ModelRef } from "../../domain/detections.ts";
import type { Size } from "../../domain/letterbox.ts";

/** Where models run: the embedded ONNX Runtime, or Triton. */
export interface Serving {
  readonly kind: "onnx" | "triton";
  /** Where a model is served: `onnx://{name}/{version}` or an URL. */
  endpointOf(model: ModelRef): string;
  /**
   * Loads a version from the model repository (models/{name}/{version}/model.onnx) and tries it with an empty image.
   * Throws InputError (field `model`) for a file that cannot serve; what served before goes on serving.
   * Throws ServingError for a server that is away or fails.
   */
  load(model: ModelRef): Promise<ModelInfo>;
  /**
   * These versions of a model are loaded and ready when this returns, the others are let go of. Requests in flight are finished first; a version
   * that is asked for again is loaded again. Triton reads which versions to serve from config.pbtxt, which must lie in storage by then and list
   * exactly these.
   * Throws as `load` does; then what served before goes on serving.
   */
  serve(options: { name: string; versions: number[] }): Promise<void>;
  /**
   * Letterboxed planar RGB images of the model's input size in, detections in pixels of that input out, after NMS, best first.
   * `size`: of the images, where the model takes several (ModelInfo.dynamicSize). The images are only read. Throws as `load` does.
   */
  infer(options: { model: ModelRef; images: Buffer[]; size?: Size; confidence: number; iou: number; maxDetections: number }): Promise<Detection[][]>;
  /** Ends threads and frees models. */
  close(): Promise<void>;
}

/** What runs the models is away, does not answer in time or fails: the same request may work later. `url`: of the server, or of the embedded model. */
export class ServingError extends Error {
  override readonly name = "ServingError";
  readonly url: string;
  /** The message without the URL. */
  readonly reason: string;

  constructor(url: string, reason: string, options: { cause?: unknown } = {}) {
    super(`${url}: ${reason}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.url = url;
    this.reason = reason;
  }
}
