import { readAddress } from "./address.ts";
import { ConfigError } from "./config-error.ts";

/** A labeling tool that is a program of its own. */
export interface ToolAccess {
  /** Without a slash at its end. */
  url: string;
  token: string;
}

/** The part of the environment that connects labeling tools. */
export interface LabelingConfig {
  /** Under which address browsers and labeling tools reach our API; without a slash at its end. */
  publicUrl: string | null;
  /** What webhooks are signed with. */
  webhookSecret: string | null;
  labelStudio: ToolAccess | null;
  cvat: ToolAccess | null;
}

const SECRET_LENGTH = 16;

/** Throws ConfigError where a tool is set up by half: it would fail only when people wait for it. */
export function readLabelingConfig(env: NodeJS.ProcessEnv): LabelingConfig {
  const value = (name: string): string | null => (env[name] === undefined || env[name] === "" ? null : env[name]);

  const publicUrl = readAddress(env, "ACTVERSE_PUBLIC_URL");
  const webhookSecret = value("ACTVERSE_WEBHOOK_SECRET");
  if (webhookSecret !== null && webhookSecret.length < SECRET_LENGTH) throw new ConfigError(`ACTVERSE_WEBHOOK_SECRET must have at least ${SECRET_LENGTH} characters: \`openssl rand -hex 32\` makes one`);

  const tool = (prefix: string): ToolAccess | null => {
    const url = readAddress(env, `${prefix}_URL`);
    const token = value(`${prefix}_TOKEN`);
    if (url === null && token === null) return null;
    const needed = { [`${prefix}_URL`]: url, [`${prefix}_TOKEN`]: token, ACTVERSE_PUBLIC_URL: publicUrl, ACTVERSE_WEBHOOK_SECRET: webhookSecret };
    const missing = Object.entries(needed).flatMap(([name, found]) => (found === null ? [name] : []));
    if (url === null || token === null || missing.length > 0) throw new ConfigError(`${prefix}_${url === null ? "TOKEN" : "URL"} is set, and so must be ${missing.join(", ")}`);
    return { url, token };
  };
  return { publicUrl, webhookSecret, labelStudio: tool("ACTVERSE_LABEL_STUDIO"), cvat: tool("ACTVERSE_CVAT") };
}
