import { loadClientConnectConfig } from "@temporalio/envconfig";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Service {
  image?: string;
  build?: { context: string; target: string };
  depends_on?: Record<string, { condition: string }>;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  entrypoint?: string[];
  command?: string[];
  profiles?: string[];
  healthcheck?: { test: string[] };
  deploy?: { resources?: { limits?: { memory?: string } } };
  stop_grace_period?: string;
}
const compose = parse(readFileSync("docker-compose.yml", "utf8"), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);

test("every service is built from a stage of the Dockerfile or is an image of a fixed version", () => {
  const stages = [...readFileSync("Dockerfile", "utf8").matchAll(/^FROM \S+ AS (\S+)$/gm)].map((m) => m[1]);
  for (const [name, service] of services) {
    expect(service.build === undefined ? /^[a-z./-]+:(\$\{[A-Z_]+:-)?\d+[\w.-]*\}?$/.test(service.image ?? "") : stages.includes(service.build.target), name).toBe(true);
  }
});

test("what a service waits for and mounts is there", () => {
  for (const [name, service] of services) {
    for (const other of Object.keys(service.depends_on ?? {})) expect(compose.services, name).toHaveProperty(other);
    // Folders of the user's own come from variables.
    for (const source of (service.volumes ?? []).map((volume) => volume.split(":")[0] ?? "").filter((s) => !s.startsWith("$"))) {
      expect(source.startsWith("./") ? existsSync(source) : source in compose.volumes, `${name}: ${source}`).toBe(true);
    }
    for (const file of (service.entrypoint ?? []).filter((word) => word.startsWith("/temporal-config/"))) expect(existsSync(`.${file}`), file).toBe(true);
  }
  const dynamic = compose.services["temporal"]?.environment?.["DYNAMIC_CONFIG_FILE_PATH"]?.replace("config/dynamicconfig", "temporal-config/dynamicconfig") ?? "";
  expect(parse(readFileSync(dynamic, "utf8"))).toMatchObject({ "matching.useNewMatcher": [{ value: true }] });
});

test("no port is open to other machines", () => {
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  expect(ports).toHaveLength(3);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test("API and worker see the same data, the same videos and the same Temporal", () => {
  const { api, worker } = compose.services;
  expect(api?.environment?.["TEMPORAL_ADDRESS"]).toBe("temporal:7233");
  expect(worker?.environment).toMatchObject(api?.environment ?? { missing: true });
  expect(worker?.volumes).toEqual(expect.arrayContaining(api?.volumes ?? ["missing"]));
});

test("Triton reads the models where the worker writes them, and does only what it is told", () => {
  const { triton, worker } = compose.services;
  const command = triton?.command ?? [];
  // As the worker runs without it, so do all others.
  expect(triton?.profiles).toEqual(["triton"]);
  expect(services.filter(([, service]) => service.profiles !== undefined).map(([name]) => name)).toEqual(["triton"]);
  expect(Object.values(compose.services).flatMap((service) => Object.keys(service.depends_on ?? {}))).not.toContain("triton");
  expect(command).toEqual(expect.arrayContaining(["tritonserver", "--model-control-mode=explicit"]));
  const [volume, mount] = (worker?.volumes ?? []).find((entry) => entry.startsWith("data:"))?.split(":") ?? [];
  expect(triton?.volumes).toEqual([`${volume}:${mount}:ro`]);
  expect(command).toContain(`--model-repository=${mount}/models`);
  const dockerfile = readFileSync("Dockerfile", "utf8");
  expect(dockerfile).toContain(`ENV ACTVERSE_DATA_DIR=${mount}`);
  expect(dockerfile).toContain(`mkdir -p ${mount}/models`);
  expect(triton?.ports).toBeUndefined();
  expect(triton?.healthcheck?.test.join(" ")).toMatch(/v2\/health/);
  expect(triton?.deploy?.resources?.limits?.memory).toBeTruthy();
  const exit = Number(/--exit-timeout-secs=(\d+)/.exec(command.join(" "))?.[1]);
  expect(Number.parseInt(triton?.stop_grace_period ?? "0", 10)).toBeGreaterThan(exit);
  // Chosen by configuration alone, and not by default.
  expect(worker?.environment?.["ACTVERSE_TRITON_URL"]).toBe("${ACTVERSE_TRITON_URL:-}");
});

test("the Dockerfile copies only what is in the repository", () => {
  const sources = [...readFileSync("Dockerfile", "utf8").matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap((m) => (m[1] ?? "").split(" ").slice(0, -1));
  expect(sources.length).toBeGreaterThan(10);
  for (const source of sources) expect(existsSync(source), source).toBe(true);
});

test("each connection profile is one that the SDK takes", () => {
  const load = (profile: string) => loadClientConnectConfig({ profile, configSource: { path: "temporal-config/profiles.toml" }, overrideEnvVars: {} });
  expect(load("default")).toMatchObject({ namespace: "default", connectionOptions: { address: "127.0.0.1:7233" } });
  expect(load("cloud").connectionOptions).toMatchObject({ address: expect.stringMatching(/temporal\.io:7233$/), tls: expect.anything() });
  // The certificates are the user's: the SDK gets as far as reading them.
  expect(() => load("mtls")).toThrow(/client\.(pem|key)/);
});
