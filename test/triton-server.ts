import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "../adapters/storage/storage.ts";
import { until } from "../scripts/child.ts";
import { freePort } from "../scripts/ports.ts";
import { readTools } from "../scripts/tools.ts";

const START_SECONDS = 60;
const STOP_MS = 10_000;
/** Where Linux has shared memory. */
const SHARED_MEMORY = "/dev/shm";

export interface TritonServer {
  url: string;
  /** On the same port as before. */
  start(): Promise<void>;
  /** `SIGKILL`: as a crash; else it ends as an operator ends it. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  log(): string;
}

/**
 * The real tritonserver with explicit model control over `root`/models, on a free port of loopback. Of the wheel nvidia-pytriton: it has the
 * Python backend alone, so what is put there must come through `standIn`.
 */
export async function createTriton(root: string): Promise<TritonServer> {
  const command = readTools().triton;
  if (command === undefined || command === null) throw new Error("Triton is not installed: run `bash scripts/setup.sh --real`");
  const repository = join(root, "models");
  await mkdir(repository, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(root, "triton.log");
  // Of the memory that the server shares with the processes that run the models: one that is killed leaves it behind.
  const shared = `actverse-test-${process.pid}-${port}-`;
  let child: ChildProcess | null = null;

  const stop = async (signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> => {
    const ending = child;
    child = null;
    if (ending?.pid === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const group = -ending.pid;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    // Its group, with the processes that run the models.
    const send = (name: NodeJS.Signals): void => {
      try {
        process.kill(group, name);
      } catch {
        // It is gone already.
      }
    };
    if (signal === "SIGKILL") send("SIGKILL");
    else ending.kill("SIGTERM");
    const killer = setTimeout(() => send("SIGKILL"), STOP_MS);
    await ended;
    clearTimeout(killer);
    send("SIGKILL");
    for (const name of await readdir(SHARED_MEMORY)) if (name.startsWith(shared)) await rm(join(SHARED_MEMORY, name), { force: true });
  };

  return {
    url,
    async start() {
      const log = openSync(logFile, "a");
      const started = spawn(
        command,
        [`--model-repository=${repository}`, "--model-control-mode=explicit", "--http-address=127.0.0.1", `--http-port=${port}`, "--allow-grpc=false", "--allow-metrics=false", "--exit-timeout-secs=5", `--backend-config=python,shm-region-prefix-name=${shared}`],
        { stdio: ["ignore", log, log], detached: true },
      );
      closeSync(log);
      child = started;
      try {
        await until("Triton to answer", START_SECONDS, async () => {
          if (started.exitCode !== null) throw new Error(`it ended with ${started.exitCode}`);
          return (await fetch(`${url}/v2/health/live`)).ok;
        });
      } catch (error) {
        const tail = readFileSync(logFile, "utf8").slice(-3000);
        await stop("SIGKILL");
        throw new Error(`Triton does not start: ${String(error)}\n${tail}`, { cause: error });
      }
    },
    stop,
    log: () => readFileSync(logFile, "utf8"),
  };
}

/**
 * A storage in which models are served by Triton's Python backend instead of the ONNX Runtime backend, which the wheel lacks: of config.pbtxt the
 * backend's line differs, and beside each model.onnx lies a model.py that runs it.
 */
export function standIn(storage: Storage): Storage {
  const beside = (key: string): string | null => (/^models\/[^/]+\/\d+\/model\.onnx$/.test(key) ? key.replace(/\.onnx$/, ".py") : null);
  return {
    ...storage,
    async put(key, content) {
      const script = beside(key);
      if (script !== null) await storage.put(script, await readFile(new URL("triton-model.py", import.meta.url)));
      if (!/^models\/[^/]+\/config\.pbtxt$/.test(key)) return await storage.put(key, content);
      if (typeof content !== "string" || !content.includes('backend: "onnxruntime"\n')) throw new Error(`not a configuration as it is shipped: ${JSON.stringify(content)}`);
      await storage.put(key, content.replace('backend: "onnxruntime"\n', 'backend: "python"\n'));
    },
    async remove(key) {
      await storage.remove(key);
      const script = beside(key);
      if (script !== null) await storage.remove(script);
    },
  };
}
