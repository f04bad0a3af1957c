import type { Command } from "commander";
import { createApiClient, type ApiClient } from "./client.ts";

/** Where a command writes, and what its surroundings are. */
export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether people look at it: bars instead of lines, the browser may be opened, questions may be asked. */
  terminal: boolean;
  env: NodeJS.ProcessEnv;
  /** Aborts at Ctrl-C. */
  signal: AbortSignal;
}

/** What every command has at hand. */
export interface Context {
  io: Io;
  api: ApiClient;
  json: boolean;
  /** A line for people; nothing where JSON is wanted. */
  say: (line: string) => void;
  /** The answer: the document where JSON is wanted, else what `words` makes of it. */
  answer: <T>(document: T, words: (document: T) => string) => void;
  /** One of many messages, as one line of JSON; nothing without --json. */
  line: (message: object) => void;
}

/** As people call this program here: hints repeat it. */
export function selfOf(env: NodeJS.ProcessEnv): string {
  if (env["npm_lifecycle_event"] === "npx") return "npx actverse";
  return env["npm_lifecycle_event"] === undefined ? "actverse" : "npm run actverse --";
}

export const DEFAULT_URL = "http://127.0.0.1:8080";

const addressOf = (env: NodeJS.ProcessEnv): string => env["ACTVERSE_URL"] || (env["ACTVERSE_PORT"] ? `http://127.0.0.1:${env["ACTVERSE_PORT"]}` : DEFAULT_URL);

export interface GlobalOptions {
  url?: string;
  json?: boolean;
}

export function contextOf(io: Io, command: Command): Context {
  const { url, json = false } = command.optsWithGlobals<GlobalOptions>();
  const api = createApiClient({ url: (url ?? addressOf(io.env)).replace(/\/+$/, ""), token: io.env["ACTVERSE_API_KEY"] || undefined, signal: io.signal });
  const write = (document: unknown): void => io.out(`${JSON.stringify(document)}\n`);
  return {
    io,
    api,
    json,
    say: (line) => (json ? undefined : io.out(`${line}\n`)),
    answer: (document, words) => (json ? write(document) : io.out(`${words(document)}\n`)),
    line: (message) => (json ? write(message) : undefined),
  };
}

/** A command's work: what it ends with, 0 where it says nothing. */
export type Work<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<number | void>;
