import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from "jose";
import * as client from "openid-client";
import { HttpProblem } from "./problems.ts";
import { isUserId } from "./keys.ts";

/** An identity provider whose users may use the API, over OpenID Connect: tokens of programs, and signing in with a browser. */

export interface OidcSettings {
  issuer: string;
  /** What the tokens of programs are made for; null: none is taken. */
  audience: string | null;
  /** null: no signing in with a browser. */
  client: { id: string; secret: string | null } | null;
  userClaim: string;
  admins: string[];
  /** Under which address browsers reach us, without a slash at its end. */
  publicUrl: string | null;
}

export interface OidcUser {
  userId: string;
  admin: boolean;
}

/** What is kept in the browser from the way out to the way back. */
export interface LoginState {
  verifier: string;
  state: string;
  nonce: string;
  /** A page of ours. */
  to: string;
}

/** Signed with a key of the provider's that only it has: `none` and shared secrets never count. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const CLOCK_TOLERANCE_S = 30;
const TIMEOUT_S = 10;
export const CALLBACK = "/session/oidc/callback";

const away = (cause: unknown): HttpProblem => new HttpProblem({ status: 503, message: "the identity provider does not answer", whatToDo: "try again in a moment; if it stays, see that ACTVERSE_OIDC_ISSUER is right and can be reached from here", cause });
const refused = (message: string, whatToDo: string, cause?: unknown): HttpProblem => new HttpProblem({ status: 401, field: "Authorization", message, whatToDo, cause });

export type Oidc = ReturnType<typeof createOidc>;

/** Nothing is asked of the provider before it is needed; while it is away, API keys and sessions go on working. */
export function createOidc(settings: OidcSettings) {
  const { issuer, audience, admins, userClaim, publicUrl } = settings;
  const insecure = issuer.startsWith("http://");
  let found: Promise<{ config: client.Configuration; keys: ReturnType<typeof createRemoteJWKSet> }> | null = null;

  async function discover() {
    const secret = settings.client?.secret ?? null;
    const config = await client.discovery(new URL(issuer), settings.client?.id ?? "actverse", undefined, secret === null ? client.None() : client.ClientSecretPost(secret), { timeout: TIMEOUT_S, ...(insecure ? { execute: [client.allowInsecureRequests] } : {}) });
    const { jwks_uri: keysUrl } = config.serverMetadata();
    if (keysUrl === undefined) throw new Error(`${issuer} names no jwks_uri`);
    return { config, keys: createRemoteJWKSet(new URL(keysUrl), { timeoutDuration: TIMEOUT_S * 1000, [customFetch]: (url, options) => fetch(url, { ...options, redirect: "error" }) }) };
  }
  const provider = async () => {
    found ??= discover();
    try {
      return await found;
    } catch (error) {
      found = null;
      throw away(error);
    }
  };

  function userOf(claims: JWTPayload): OidcUser {
    const userId = claims[userClaim];
    if (typeof userId !== "string" || !isUserId(userId)) throw refused(`the token's claim ${userClaim} is ${userId === undefined ? "missing" : "no name of a user"}`, "let the identity provider put a name of 1 to 100 letters, digits and . _ @ + - into it, or name another claim in ACTVERSE_OIDC_USER_CLAIM");
    if (userClaim === "email" && claims["email_verified"] === false) throw refused("the identity provider has not verified this e-mail address", "verify it there, then sign in again");
    return { userId, admin: admins.includes(userId) };
  }

  const redirectUri = `${publicUrl ?? ""}${CALLBACK}`;
  return {
    /** Browsers can sign in. */
    hasLogin: settings.client !== null && publicUrl !== null,
    isAdmin: (userId: string): boolean => admins.includes(userId),

    /** Whose token this is. Throws HttpProblem 401 that says what is wrong with it, 503 where the provider's keys cannot be had. */
    async verify(token: string): Promise<OidcUser> {
      if (audience === null) throw refused("tokens of the identity provider are not taken here", "send an API key, or have ACTVERSE_OIDC_AUDIENCE set");
      const { config, keys } = await provider();
      try {
        const { payload } = await jwtVerify(token, keys, { issuer: config.serverMetadata().issuer, audience, algorithms: ALGORITHMS, requiredClaims: ["exp"], clockTolerance: CLOCK_TOLERANCE_S });
        return userOf(payload);
      } catch (error) {
        if (error instanceof HttpProblem) throw error;
        if (error instanceof errors.JWTExpired) throw refused("the token has expired", "get a new one from the identity provider", error);
        if (error instanceof errors.JWTClaimValidationFailed) throw refused(`the token's claim ${error.claim} is not as it must be`, error.claim === "aud" ? `ask the identity provider for a token for ${audience}` : error.claim === "iss" ? `get it from ${issuer}` : "get a new one from the identity provider", error);
        if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC") throw away(error);
        throw refused("the token is not signed by the identity provider as it must be", "get a new one from the identity provider", error);
      }
    },

    /** Where the browser goes to sign in, and what it must bring back. */
    async begin(to: string): Promise<{ url: string; login: LoginState }> {
      const { config } = await provider();
      const login: LoginState = { verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce(), to };
      const scope = userClaim === "sub" ? "openid" : "openid profile email";
      const url = client.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope, state: login.state, nonce: login.nonce, code_challenge: await client.calculatePKCECodeChallenge(login.verifier), code_challenge_method: "S256" });
      return { url: url.href, login };
    },

    /** Who came back. `query`: of the address that the provider sent the browser to. Throws HttpProblem 401. */
    async finish(query: string, { verifier, state, nonce }: LoginState): Promise<OidcUser> {
      const { config } = await provider();
      try {
        const tokens = await client.authorizationCodeGrant(config, new URL(`${redirectUri}?${query}`), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
        return userOf(await withUserInfo(config, tokens));
      } catch (error) {
        if (error instanceof HttpProblem) throw error;
        if (error instanceof client.AuthorizationResponseError) throw new HttpProblem({ status: 401, message: `the identity provider did not sign you in: ${error.error_description ?? error.error}`, whatToDo: "try again, or ask who runs it", cause: error });
        if (error instanceof client.ResponseBodyError) throw new HttpProblem({ status: 401, message: `the identity provider refused: ${error.error_description ?? error.error}`, whatToDo: "sign in again; if it stays, compare client id, secret and redirect address with what the provider has", cause: error });
        if (error instanceof client.ClientError) throw new HttpProblem({ status: 401, message: "what the identity provider sent back does not belong to this sign-in", whatToDo: "sign in again from the start", cause: error });
        throw away(error);
      }
    },
  };

  /** Providers may keep claims out of the ID token. */
  async function withUserInfo(config: client.Configuration, tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>): Promise<JWTPayload> {
    const claims = tokens.claims()!;
    if (claims[userClaim] !== undefined || config.serverMetadata().userinfo_endpoint === undefined) return claims;
    return { ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
  }
}
