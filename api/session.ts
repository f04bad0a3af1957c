import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Storage } from "../adapters/storage/storage.ts";
import { AUTH_SECRET } from "../domain/layout.ts";
import type { LoginState } from "./oidc.ts";

export const SESSION_COOKIE = "actverse_session";
export const SESSION_SECONDS = 7 * 24 * 3600;
/** Of whom an identity provider has let in: nobody tells us when it no longer would. */
export const OIDC_SESSION_SECONDS = 12 * 3600;
/** From the way out to the identity provider to the way back. */
export const LOGIN_COOKIE = "actverse_login";
export const LOGIN_SECONDS = 600;

/** Whose session it is: of an API key, by its id, or of a user whom the identity provider has named. */
export type Holder = { key: string } | { user: string };

/** No key's id begins with it. */
const USER_MARK = "~";
const toText = (text: string): string => Buffer.from(text).toString("base64url");
const fromText = (text: string): string => Buffer.from(text, "base64url").toString();

export type Sessions = ReturnType<typeof createSessions>;

/**
 * Sessions that outlive a restart and need no store: the cookie names the API key it was made with (or the identity provider's user) and its end,
 * and is signed with a secret kept in storage. It is good only while that key is: a revoked key ends its sessions.
 */
export function createSessions({ storage }: { storage: Storage }) {
  let secret: Promise<Buffer> | null = null;
  const load = async (): Promise<Buffer> => {
    await storage.createIfAbsent(AUTH_SECRET, randomBytes(32).toString("hex"));
    return Buffer.from((await storage.read(AUTH_SECRET)).toString("utf8"), "hex");
  };
  const sign = async (text: string): Promise<string> => {
    secret ??= load();
    try {
      return createHmac("sha256", await secret).update(text).digest("base64url");
    } catch (error) {
      secret = null;
      throw error;
    }
  };
  const same = (a: string, b: string): boolean => {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  };

  return {
    async seal(holder: Holder, now: number = Date.now()): Promise<string> {
      const [name, seconds] = "key" in holder ? [holder.key, SESSION_SECONDS] : [`${USER_MARK}${toText(holder.user)}`, OIDC_SESSION_SECONDS];
      const content = `${name}.${Math.floor(now / 1000) + seconds}.${randomBytes(9).toString("base64url")}`;
      return `${content}.${await sign(`session:${content}`)}`;
    },
    /** null: forged, expired, or no session. */
    async open(cookie: string, now: number = Date.now()): Promise<Holder | null> {
      const end = cookie.lastIndexOf(".");
      const content = cookie.slice(0, Math.max(end, 0));
      if (!same(await sign(`session:${content}`), cookie.slice(end + 1))) return null;
      const [name = "", expires] = content.split(".");
      if (Number(expires) * 1000 <= now) return null;
      return name.startsWith(USER_MARK) ? { user: fromText(name.slice(USER_MARK.length)) } : { key: name };
    },
    /** For LOGIN_COOKIE. */
    async sealLogin(login: LoginState, now: number = Date.now()): Promise<string> {
      const content = toText(JSON.stringify({ ...login, until: now + LOGIN_SECONDS * 1000 }));
      return `${content}.${await sign(`login:${content}`)}`;
    },
    /** null: forged, or too long ago. */
    async openLogin(cookie: string, now: number = Date.now()): Promise<LoginState | null> {
      const [content = "", signature = ""] = cookie.split(".");
      if (!same(await sign(`login:${content}`), signature)) return null;
      const { until, ...login } = JSON.parse(fromText(content)) as LoginState & { until: number };
      return until > now ? login : null;
    },
    /** Belongs to one session; a page of another origin cannot read it. */
    csrfToken: (cookie: string): Promise<string> => sign(`csrf:${cookie}`),
    async csrfHolds(cookie: string, token: string): Promise<boolean> {
      return same(await sign(`csrf:${cookie}`), token);
    },
  };
}
