import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readTools } from "../../scripts/tools.ts";

export interface RivalJob {
  model: string;
  task: "detect" | "pose";
  video: string;
  frames: number;
  confidence: number;
  iou: number;
  imgsz: number;
}

export interface Timed {
  /** From the first frame asked for to the last result. */
  seconds: number;
  /** Seconds of all cores. */
  cpu: number;
  frames: number;
  /** x1, y1, x2, y2, score, class; pixels of the video. */
  found?: number[][][];
}

export interface Rival {
  predict: (options: { batch: number; keep: boolean }) => Promise<Timed>;
  onnx: (options: { threads: number; height: number; width: number }) => Promise<Timed>;
  close: () => Promise<void>;
}

/** A Python process that keeps its models loaded from run to run. */
export function createRival(job: RivalJob): Rival {
  const child = spawn(readTools().python, [join(import.meta.dirname, "rival.py"), JSON.stringify(job)], { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4000)));
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (asked: object): Promise<Timed> => {
    child.stdin.write(`${JSON.stringify(asked)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`bench/speed/rival.py has ended:\n${errors}`);
    return JSON.parse(value) as Timed;
  };
  return {
    predict: (options) => ask({ run: "predict", ...options }),
    onnx: (options) => ask({ run: "onnx", ...options }),
    async close() {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, "close");
    },
  };
}
