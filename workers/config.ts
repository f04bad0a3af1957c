import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { QUEUES, type Queue } from "../domain/activities.ts";
import { readAddress } from "./address.ts";
import { ConfigError } from "./config-error.ts";
import { readHttpConfig, type HttpConfig } from "./http-config.ts";
import { readOidcConfig, type OidcConfig } from "./oidc-config.ts";
import { readLabelingConfig, type LabelingConfig } from "./labeling-config.ts";

/** The environment, read and checked once: every process of ours begins here. README.md lists the same. */
export interface Config extends LabelingConfig, HttpConfig {
  /** null: no identity provider is set up. */
  oidc: OidcConfig | null;
  dataDir: string;
  workDir: string;
  /** Of `npm start`: Temporal's database, logs, what runs. */
  stateDir: string;
  host: string;
  port: number;
  /** What the command line shows to the API; null where authentication is off. */
  apiKey: string | null;
  allowedRoots: string[];
  allowedHosts: string[];
  maxDownloadBytes: number;
  queues: Queue[];
  trainerDir: string;
  /** The Python of trainer/'s environment; null: `uv run` finds it. */
  trainerPython: string | null;
  /** How much a training gives way to others on its machine; 0: not at all. */
  trainerNiceness: number;
  /** Of the Triton server that runs models; null: they run in this process. */
  tritonUrl: string | null;
  /** Seconds that one inference request may take there. */
  tritonTimeoutS: number;
  logLevel: "debug" | "info" | "warn" | "error";
  /** Lines for people; else JSON. By default what standard error is: a terminal or not. */
  prettyLog: boolean;
  /** Seconds that a stopping worker gives its steps to hand back their work. */
  shutdownGraceS: number;
}

export { ConfigError };

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const text = (name: string, fallback: string): string => (env[name] === undefined || env[name] === "" ? fallback : env[name]);
  const list = (name: string, separator: string): string[] => text(name, "").split(separator).map((s) => s.trim()).filter((s) => s !== "");
  const whole = (name: string, fallback: number, min: number, max: number): number => {
    const value = Number(text(name, String(fallback)));
    if (!Number.isInteger(value) || value < min || value > max) throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${env[name] ?? ""}"`);
    return value;
  };
  const oneOf = <T extends string>(name: string, value: string, allowed: readonly T[]): T => {
    if (!(allowed as readonly string[]).includes(value)) throw new ConfigError(`${name} has "${value}"; allowed are ${allowed.join(", ")}`);
    return value as T;
  };

  const stateDir = resolve(text("ACTVERSE_STATE_DIR", ".actverse"));
  const queues = list("ACTVERSE_QUEUES", ",").map((queue) => oneOf("ACTVERSE_QUEUES", queue, QUEUES));
  const roots = list("ACTVERSE_ALLOWED_ROOTS", delimiter);
  return {
    dataDir: resolve(text("ACTVERSE_DATA_DIR", "data_storage")),
    workDir: resolve(text("ACTVERSE_WORK_DIR", join(stateDir, "work"))),
    stateDir,
    host: text("ACTVERSE_HOST", "127.0.0.1"),
    port: whole("ACTVERSE_PORT", 8080, 0, 65_535),
    apiKey: text("ACTVERSE_API_KEY", "") || null,
    allowedRoots: (roots.length > 0 ? roots : [homedir(), process.cwd()]).map((root) => resolve(root)),
    allowedHosts: list("ACTVERSE_ALLOWED_HOSTS", ","),
    maxDownloadBytes: whole("ACTVERSE_MAX_DOWNLOAD_GB", 200, 1, 100_000) * 1e9,
    queues: queues.length > 0 ? queues : [...QUEUES],
    trainerDir: resolve(text("ACTVERSE_TRAINER_DIR", "trainer")),
    trainerPython: env["ACTVERSE_TRAINER_PYTHON"] ?? null,
    trainerNiceness: whole("ACTVERSE_TRAINER_NICENESS", 0, 0, 19),
    tritonUrl: readAddress(env, "ACTVERSE_TRITON_URL"),
    tritonTimeoutS: whole("ACTVERSE_TRITON_TIMEOUT_S", 60, 1, 3600),
    logLevel: oneOf("ACTVERSE_LOG_LEVEL", text("ACTVERSE_LOG_LEVEL", "info"), ["debug", "info", "warn", "error"]),
    prettyLog: oneOf("ACTVERSE_LOG_FORMAT", text("ACTVERSE_LOG_FORMAT", process.stderr.isTTY ? "pretty" : "json"), ["pretty", "json"]) === "pretty",
    shutdownGraceS: whole("ACTVERSE_SHUTDOWN_GRACE_S", 10, 0, 3600),
    ...readHttpConfig(env),
    oidc: readOidcConfig(env),
    ...readLabelingConfig(env),
  };
}
