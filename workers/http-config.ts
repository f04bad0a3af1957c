import { isIP } from "node:net";
import { ConfigError } from "./config-error.ts";

/** The part of the environment that says who may reach the API, and through what. */
export interface HttpConfig {
  /** Origins whose pages may call the API, besides its own. */
  corsOrigins: string[];
  /** Addresses and networks of the proxies in front of the API: what they say of a request (its address, host and https) is believed. */
  trustProxy: string[];
}

/** Names that Fastify (proxy-addr) knows. */
const NETWORKS = ["loopback", "linklocal", "uniquelocal"];

export function readHttpConfig(env: NodeJS.ProcessEnv): HttpConfig {
  const list = (name: string): string[] => (env[name] ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "");
  const corsOrigins = list("ACTVERSE_CORS_ORIGINS");
  for (const origin of corsOrigins) {
    const url = URL.canParse(origin) ? new URL(origin) : null;
    if (url === null || !["http:", "https:"].includes(url.protocol) || url.origin !== origin) throw new ConfigError(`ACTVERSE_CORS_ORIGINS has "${origin}"; an origin is a scheme, a host and a port alone, such as https://lab.example.org`);
  }
  const trustProxy = list("ACTVERSE_TRUST_PROXY");
  for (const network of trustProxy) {
    if (!NETWORKS.includes(network) && !isNetwork(network)) throw new ConfigError(`ACTVERSE_TRUST_PROXY has "${network}"; give addresses or networks of proxies, such as 10.0.0.7 or 10.0.0.0/8, or ${NETWORKS.join(", ")}`);
  }
  return { corsOrigins, trustProxy };
}

function isNetwork(text: string): boolean {
  const [address = "", bits, more] = text.split("/");
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return longest > 0 && more === undefined && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= longest));
}
