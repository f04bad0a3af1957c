import { ConfigError } from "./config-error.ts";

/** The address that a variable holds, without a slash at its end; null where it is not set. Throws ConfigError for anything but an http(s) address alone. */
export function readAddress(env: NodeJS.ProcessEnv, name: string): string | null {
  const text = env[name] ?? "";
  if (text === "") return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) throw new ConfigError(`${name} must be an address that begins with http:// or https://`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") throw new ConfigError(`${name} must be an address alone, without a user, a password or parameters`);
  return text.replace(/\/+$/, "");
}
