import { send, type Lab } from "../api/lab.test-suite.ts";
import type { App } from "../api/context.ts";
import { freePort } from "../scripts/ports.ts";
import { actverse } from "./program.ts";

export interface Ran {
  code: number;
  out: string;
  err: string;
  /** What --json printed: one document. */
  document: Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test looks at whatever came
  lines: Record<string, any>[]; // oxlint-disable-line typescript/no-explicit-any
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  onOut?: (text: string) => void;
}

/** The command line in this process, as a script runs it: no terminal. */
export async function runCommand(args: string[], { env = {}, signal = new AbortController().signal, onOut }: RunOptions = {}): Promise<Ran> {
  let [out, err] = ["", ""];
  const code = await actverse(args, {
    out: (text) => {
      out += text;
      onOut?.(text);
    },
    err: (text) => void (err += text),
    terminal: false,
    env,
    signal,
  });
  const lines = out.startsWith("{") ? out.trim().split("\n").map((line) => JSON.parse(line) as Ran["document"]) : [];
  return { code, out, err, document: lines[0] ?? {}, lines };
}

/** The API's lab behind a port, and the command line as its client. */
export async function startCommandLab(lab: Lab) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let app: App;
  const listen = async (): Promise<void> => {
    app = await lab.app();
    await app.listen({ port, host: "127.0.0.1" });
  };
  await listen();
  const run = (args: string[], options: RunOptions = {}): Promise<Ran> => runCommand(args, { ...options, env: { ACTVERSE_URL: url, ...options.env } });
  return {
    url,
    run,
    /** The API goes away, and comes back as another process. */
    stopApi: () => app.close(),
    startApi: listen,
    async make(settings: object = {}): Promise<string> {
      return (await send(app, "POST", "/tasks/", { body: { ...lab.body, ...settings } })).body["task_id"] as string;
    },
    /** A person has looked at this frame, and it is as it should be. */
    async reviewFrame(taskId: string, frame = 0): Promise<void> {
      const path = `/labeling/${taskId}/frames/${frame}`;
      const { version } = (await send(app, "GET", path)).body;
      const objects = [{ id: "a", class: "animal", box: [1, 1, 20, 20], keypoints: [], source: "person", confirmed: true }];
      await send(app, "PUT", path, { body: { version, reviewed: true, objects } });
    },
  };
}
export type CommandLab = Awaited<ReturnType<typeof startCommandLab>>;
