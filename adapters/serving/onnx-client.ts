import { Worker } from "node:worker_threads";
import type { Detection } from "../../domain/detections.ts";
import type { OnnxReply, OnnxRequest } from "./onnx-messages.ts";

/** `model`: the file cannot serve. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";
  readonly model: boolean;

  constructor(message: string, options: { model?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.model = options.model ?? false;
  }
}

type Ask = OnnxRequest extends infer R ? (R extends OnnxRequest ? Omit<R, "id"> : never) : never;

export interface OnnxClient {
  ask(request: Ask, transfer?: ArrayBuffer[]): Promise<Detection[][]>;
  close(): Promise<void>;
}

/** Requests and answers of the ONNX thread, which starts with the first request. When it dies, all that is open fails and `onDeath` is told. */
export function createOnnxClient(onDeath: () => void): OnnxClient {
  let worker: Worker | null = null;
  let lastId = 0;
  const open = new Map<number, { resolve: (detections: Detection[][]) => void; reject: (error: Error) => void }>();

  const start = (): Worker => {
    const started = new Worker(new URL("./onnx-thread.mjs", import.meta.url), { execArgv: [] });
    const died = (cause: unknown): void => {
      if (worker !== started) return;
      worker = null;
      for (const { reject } of open.values()) reject(new OnnxError("the thread that runs models has ended", { cause }));
      open.clear();
      onDeath();
    };
    started.on("message", (reply: OnnxReply) => {
      const waiting = open.get(reply.id);
      open.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.detections);
      else waiting?.reject(new OnnxError(reply.message, { model: reply.model }));
    });
    started.on("error", died);
    started.on("exit", died);
    return started;
  };

  return {
    ask: (request, transfer = []) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        lastId += 1;
        open.set(lastId, { resolve, reject });
        worker.postMessage({ ...request, id: lastId } satisfies OnnxRequest, transfer);
      }),
    async close() {
      await worker?.terminate();
    },
  };
}
