import { readAddress } from "./address.ts";
import { ConfigError } from "./config-error.ts";

/** An identity provider whose users may use the API (docs/authentication.md). */
export interface OidcConfig {
  /** Without a slash at its end, unless the provider's own name has one. */
  issuer: string;
  /** What the tokens of programs are made for; null: programs use API keys. */
  audience: string | null;
  /** For signing in with a browser; null: browsers sign in with an API key. */
  client: { id: string; secret: string | null } | null;
  /** The claim that names the user. */
  userClaim: string;
  /** User ids of those who see and change the tasks of all. */
  admins: string[];
}

/** null: none is set up. Throws ConfigError where it is set up by half. */
export function readOidcConfig(env: NodeJS.ProcessEnv): OidcConfig | null {
  const value = (name: string): string | null => (env[name] === undefined || env[name] === "" ? null : env[name]);
  const [audience, id, secret] = [value("ACTVERSE_OIDC_AUDIENCE"), value("ACTVERSE_OIDC_CLIENT_ID"), value("ACTVERSE_OIDC_CLIENT_SECRET")];
  const issuer = value("ACTVERSE_OIDC_ISSUER");
  if (issuer === null) {
    const alone = Object.keys(env).find((name) => name.startsWith("ACTVERSE_OIDC_") && value(name) !== null);
    if (alone !== undefined) throw new ConfigError(`${alone} is set, and so must be ACTVERSE_OIDC_ISSUER`);
    return null;
  }
  readAddress(env, "ACTVERSE_OIDC_ISSUER");
  const { protocol, hostname } = new URL(issuer);
  if (protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname)) throw new ConfigError("ACTVERSE_OIDC_ISSUER must begin with https://");
  if (audience === null && id === null) throw new ConfigError("ACTVERSE_OIDC_ISSUER is set, and so must be ACTVERSE_OIDC_CLIENT_ID (for browsers), ACTVERSE_OIDC_AUDIENCE (for programs), or both");
  if (id === null && secret !== null) throw new ConfigError("ACTVERSE_OIDC_CLIENT_SECRET is set, and so must be ACTVERSE_OIDC_CLIENT_ID");
  if (id !== null && value("ACTVERSE_PUBLIC_URL") === null) throw new ConfigError("ACTVERSE_OIDC_CLIENT_ID is set, and so must be ACTVERSE_PUBLIC_URL: the identity provider sends browsers back to it");
  return {
    issuer,
    audience,
    client: id === null ? null : { id, secret },
    userClaim: value("ACTVERSE_OIDC_USER_CLAIM") ?? "sub",
    admins: (value("ACTVERSE_OIDC_ADMINS") ?? "").split(",").map((user) => user.trim()).filter((user) => user !== ""),
  };
}
