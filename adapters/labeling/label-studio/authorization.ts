/** Seconds by which a short-lived token is renewed before it ends. */
const EARLY_S = 30;

/** What a JSON web token says of itself; null where it is none. */
function claimsOf(token: string): { token_type?: string; exp?: number } | null {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return null;
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as { token_type?: string; exp?: number };
  } catch {
    return null;
  }
}

/**
 * The Authorization header for either kind of token that Label Studio gives: a legacy token is sent as it is, a personal access
 * token is exchanged for access tokens of a few minutes.
 *
 * @param refresh exchanges the given JSON body for `{ access }`
 */
export function createAuthorization({ token, refresh }: { token: string; refresh: (body: string) => Promise<{ access?: string }> }) {
  const isPersonal = claimsOf(token)?.token_type === "refresh";
  let access: Promise<string> | null = null;
  let ends = Infinity;

  async function exchange(): Promise<string> {
    const { access: fresh = "" } = await refresh(JSON.stringify({ refresh: token }));
    ends = claimsOf(fresh)?.exp ?? Infinity;
    return fresh;
  }

  return {
    async header(): Promise<string> {
      if (!isPersonal) return `Token ${token}`;
      if (ends - EARLY_S < Date.now() / 1000) access = null;
      // One exchange for all who ask meanwhile; one that failed is tried again by the next who asks.
      access ??= exchange().catch((error: unknown) => {
        access = null;
        throw error;
      });
      return `Bearer ${await access}`;
    },
    /** Forgets the access token; false where there is none to renew. */
    renew(): boolean {
      access = null;
      return isPersonal;
    },
  };
}
