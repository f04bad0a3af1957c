import headless from "@xterm/headless";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { until } from "../scripts/child.ts";
import { readTools } from "../scripts/tools.ts";

/** What was on the screen, from when on. */
export interface Moment {
  /** Milliseconds after the beginning. */
  at: number;
  lines: string[];
}

/** A command in a pseudo-terminal, and the screen as a person sees it. */
export interface OpenTerminal {
  /** The lines of the screen, and what has scrolled away above it. */
  screen(): Promise<string>;
  shows(text: string, seconds?: number): Promise<void>;
  type(text: string): void;
  ended: Promise<number>;
  moments: Moment[];
  columns: number;
}

export const CTRL_C = "\u0003";

export function openTerminal(command: string[], { env, columns = 110, rows = 34 }: { env: NodeJS.ProcessEnv; columns?: number; rows?: number }): OpenTerminal {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  const child = spawn(readTools().python, [fileURLToPath(new URL("terminal.py", import.meta.url)), String(columns), String(rows), ...command], { env: { ...env, TERM: "xterm-256color" }, stdio: ["pipe", "pipe", "inherit"] });
  const began = Date.now();
  const moments: Moment[] = [];
  const lines = (): string[] => {
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, n) => active.getLine(n)?.translateToString(true) ?? "");
  };
  let written = Promise.resolve();
  child.stdout.on("data", (data: Buffer) => {
    const at = Date.now() - began;
    // The terminal takes what is written in its order; the newest of these is the last to be done.
    written = new Promise((done) => {
      terminal.write(data, () => {
        moments.push({ at, lines: lines() });
        done();
      });
    });
  });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => void written.then(() => resolve(code ?? -1))));
  const screen = async (): Promise<string> => {
    await written;
    return lines().join("\n").trimEnd();
  };
  return {
    screen,
    moments,
    columns,
    ended,
    type: (text) => void child.stdin.write(text),
    async shows(text, seconds = 60) {
      await until(`the screen to show "${text}"`, seconds, async () => (await screen()).includes(text)).catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${await screen()}`);
      });
    },
  };
}
