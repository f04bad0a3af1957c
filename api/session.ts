import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Storage } from "../adapters/storage/storage.ts";
import { AUTH_SECRET } from "../domain/layout.ts";

export const SESSION_COOKIE = "actverse_session";
export const SESSION_SECONDS = 7 * 24 * 3600;

export type Sessions = ReturnType<typeof createSessions>;

/**
 * Sessions that outlive a restart and need no store: the cookie names the API key it was made with and its end, and is signed
 * with a secret kept in storage. It is good only while that key is: a revoked key ends its sessions.
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
    async seal(keyId: string, now: number = Date.now()): Promise<string> {
      const content = `${keyId}.${Math.floor(now / 1000) + SESSION_SECONDS}.${randomBytes(9).toString("base64url")}`;
      return `${content}.${await sign(`session:${content}`)}`;
    },
    /** The id of the API key, or null: forged, expired, or no session. */
    async open(cookie: string, now: number = Date.now()): Promise<string | null> {
      const end = cookie.lastIndexOf(".");
      const content = cookie.slice(0, Math.max(end, 0));
      if (!same(await sign(`session:${content}`), cookie.slice(end + 1))) return null;
      const [keyId, expires] = content.split(".");
      return keyId !== undefined && Number(expires) * 1000 > now ? keyId : null;
    },
    /** Belongs to one session; a page of another origin cannot read it. */
    csrfToken: (cookie: string): Promise<string> => sign(`csrf:${cookie}`),
    async csrfHolds(cookie: string, token: string): Promise<boolean> {
      return same(await sign(`csrf:${cookie}`), token);
    },
  };
}
