import sharp from "sharp";
import { parentPort, workerData } from "node:worker_threads";
import { findMoving, type Box } from "./find-moving.ts";
import { loadOpenCv } from "./opencv.ts";

/** The thread of the motion pre-labeler: seconds of image work that would stop heartbeats. */
export interface MotionJob {
  files: string[];
  /** Size of the reduced images. */
  width: number;
  height: number;
  numAnimals: number | null;
}
export type MotionMessage = { done: number } | { boxes: Box[][] };

const port = parentPort;
if (port === null) throw new Error("motion-thread.ts is the entry of a worker thread");
const tell = (message: MotionMessage): void => port.postMessage(message);

const { files, width, height, numAnimals } = workerData as MotionJob;
const { cv } = await loadOpenCv();
const boxes = await findMoving({
  cv,
  frames: files.length,
  read: async (frame) => new Uint8Array(await sharp(files[frame]).toColourspace("b-w").resize(width, height, { fit: "fill" }).raw().toBuffer()),
  width,
  height,
  numAnimals,
  onFrame: (done) => tell({ done }),
});
tell({ boxes });
