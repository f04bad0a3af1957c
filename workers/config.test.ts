import { expect, it } from "vitest";
import { QUEUES } from "../domain/activities.ts";
import { ConfigError, readConfig } from "./config.ts";

it("listens on loopback, runs every queue and keeps all in the current folder by default", () => {
  const config = readConfig({});
  expect(config).toMatchObject({ host: "127.0.0.1", port: 8080, queues: [...QUEUES] });
  for (const folder of [config.dataDir, config.workDir, config.stateDir]) expect(folder.startsWith(process.cwd())).toBe(true);
});

it("takes lists as they are written in an environment", () => {
  expect(readConfig({ ACTVERSE_QUEUES: "training, inference", ACTVERSE_ALLOWED_ROOTS: "/a:/b", ACTVERSE_ALLOWED_HOSTS: "nas.lab" })).toMatchObject({ queues: ["training", "inference"], allowedRoots: ["/a", "/b"], allowedHosts: ["nas.lab"] });
});

it("names the variable that is wrong, and what is allowed", () => {
  expect(() => readConfig({ ACTVERSE_PORT: "http" })).toThrow(/ACTVERSE_PORT.*whole number.*"http"/);
  expect(() => readConfig({ ACTVERSE_QUEUES: "trainig" })).toThrow(/ACTVERSE_QUEUES.*"trainig".*training/);
  expect(() => readConfig({ ACTVERSE_LOG_FORMAT: "xml" })).toThrow(ConfigError);
});

it("opens the API to other origins and believes proxies only where they are named", () => {
  expect(readConfig({})).toMatchObject({ corsOrigins: [], trustProxy: [] });
  expect(readConfig({ ACTVERSE_CORS_ORIGINS: "https://lab.example.org, http://localhost:3000", ACTVERSE_TRUST_PROXY: "loopback, 10.0.0.0/8, fd00::1" })).toMatchObject({ corsOrigins: ["https://lab.example.org", "http://localhost:3000"], trustProxy: ["loopback", "10.0.0.0/8", "fd00::1"] });
  for (const origin of ["*", "null", "https://lab.example.org/", "lab.example.org", "https://lab.example.org:443", "ftp://lab"]) expect(() => readConfig({ ACTVERSE_CORS_ORIGINS: origin }), origin).toThrow(/ACTVERSE_CORS_ORIGINS.*an origin is/);
  for (const network of ["true", "*", "proxy", "10.0.0.0/0", "10.0.0.0/33", "10.0.0.0/8/9", "1"]) expect(() => readConfig({ ACTVERSE_TRUST_PROXY: network }), network).toThrow(/ACTVERSE_TRUST_PROXY.*10\.0\.0\.7/);
});

it("takes an identity provider as a whole or not at all", () => {
  expect(readConfig({}).oidc).toBeNull();
  const browsers = { ACTVERSE_OIDC_ISSUER: "https://login.example.org/realms/lab", ACTVERSE_OIDC_CLIENT_ID: "actverse", ACTVERSE_PUBLIC_URL: "https://actverse.example.org" };
  expect(readConfig(browsers).oidc).toEqual({ issuer: "https://login.example.org/realms/lab", audience: null, client: { id: "actverse", secret: null }, userClaim: "sub", admins: [] });
  const programs = { ACTVERSE_OIDC_ISSUER: "https://login.example.org/", ACTVERSE_OIDC_AUDIENCE: "actverse", ACTVERSE_OIDC_USER_CLAIM: "email", ACTVERSE_OIDC_ADMINS: "ada@lab.example, root" };
  expect(readConfig(programs).oidc).toEqual({ issuer: "https://login.example.org/", audience: "actverse", client: null, userClaim: "email", admins: ["ada@lab.example", "root"] });
  for (const [env, problem] of [
    [{ ACTVERSE_OIDC_CLIENT_ID: "actverse" }, /ACTVERSE_OIDC_CLIENT_ID is set.*ACTVERSE_OIDC_ISSUER/],
    [{ ACTVERSE_OIDC_ISSUER: "https://login.example.org" }, /ACTVERSE_OIDC_CLIENT_ID.*ACTVERSE_OIDC_AUDIENCE/],
    [{ ...programs, ACTVERSE_OIDC_ISSUER: "http://login.example.org" }, /must begin with https/],
    [{ ...programs, ACTVERSE_OIDC_ISSUER: "login.example.org" }, /ACTVERSE_OIDC_ISSUER must be an address/],
    [{ ...programs, ACTVERSE_OIDC_CLIENT_SECRET: "s" }, /ACTVERSE_OIDC_CLIENT_SECRET is set.*ACTVERSE_OIDC_CLIENT_ID/],
    [{ ...browsers, ACTVERSE_PUBLIC_URL: "" }, /ACTVERSE_PUBLIC_URL/],
  ] as [NodeJS.ProcessEnv, RegExp][]) expect(() => readConfig(env), JSON.stringify(env)).toThrow(problem);
});

it("runs models in the process itself where no Triton is named", () => {
  expect(readConfig({})).toMatchObject({ tritonUrl: null });
  expect(readConfig({ ACTVERSE_TRITON_URL: "http://triton:8000/", ACTVERSE_TRITON_TIMEOUT_S: "5" })).toMatchObject({ tritonUrl: "http://triton:8000", tritonTimeoutS: 5 });
  expect(() => readConfig({ ACTVERSE_TRITON_URL: "triton:8001" })).toThrow(/ACTVERSE_TRITON_URL.*http/);
  expect(() => readConfig({ ACTVERSE_TRITON_URL: "http://ann:secret@triton:8000" })).toThrow(/without a user/);
  expect(() => readConfig({ ACTVERSE_TRITON_TIMEOUT_S: "0" })).toThrow(/ACTVERSE_TRITON_TIMEOUT_S/);
});
