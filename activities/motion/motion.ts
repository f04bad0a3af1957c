import { Worker } from "node:worker_threads";
import { letterboxOf, type Size } from "../../domain/letterbox.ts";
import type { Box } from "./find-moving.ts";
import type { MotionJob, MotionMessage } from "./motion-thread.ts";

/** Animals are found at this size, pixels of the longer side: small enough to be quick, large enough for a fly in an arena. */
const LONG_SIDE = 512;

/**
 * Boxes of what moves before a fixed camera, in pixels of the images, the largest first; in a thread of its own.
 *
 * @param files images of one size, from all over the video
 */
export async function findAnimalsByMotion(options: {
  files: string[];
  size: Size;
  numAnimals: number | null;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}): Promise<Box[][]> {
  const { files, size, numAnimals, signal } = options;
  const { scaledWidth: width, scaledHeight: height } = letterboxOf(size, { width: Math.min(LONG_SIDE, size.width), height: Math.min(LONG_SIDE, size.height) });
  const worker = new Worker(new URL("./motion-thread.mjs", import.meta.url), { execArgv: [], workerData: { files, width, height, numAnimals } satisfies MotionJob });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const found = await new Promise<Box[][]>((resolve, reject) => {
      worker.on("message", (message: MotionMessage) => ("boxes" in message ? resolve(message.boxes) : options.onProgress?.(message.done)));
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("the thread that looks for moving animals has ended", { cause: signal?.reason })));
    });
    const [scaleX, scaleY] = [size.width / width, size.height / height];
    return found.map((boxes) => boxes.map(([x1, y1, x2, y2]): Box => [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY]));
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
