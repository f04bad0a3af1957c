import type { JWK } from "jose";
import { createServer, type Server } from "node:http";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "actverse", secret: "canary-client-secret-0123456789" };

/** A real OpenID provider on this machine: everybody may sign in under any name, with any password. `jwk`: what it signs with. */
export function startProvider({ issuer, jwk, redirectUris }: { issuer: string; jwk: JWK; redirectUris: string[] }): Server {
  const provider = new Provider(issuer, {
    jwks: { keys: [jwk] },
    clients: [
      { client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: redirectUris, token_endpoint_auth_method: "client_secret_post" },
      { client_id: "lab-robot", client_secret: "robot", grant_types: ["client_credentials"], redirect_uris: [], response_types: [], token_endpoint_auth_method: "client_secret_post" },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["preferred_username"], email: ["email", "email_verified"] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, preferred_username: `${sub}-name`, email: `${sub}@lab.example`, email_verified: sub !== "mallory" }) }),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_context, resource) => ({ scope: "", audience: resource, accessTokenTTL: 600, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }) },
    },
    cookies: { keys: ["test"] },
  });
  return createServer((request, response) => void provider.callback()(request, response)).listen(Number(new URL(issuer).port), "127.0.0.1");
}
