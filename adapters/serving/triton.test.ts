import { mkdtemp, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalStorage } from "../storage/local.ts";
import type { Storage } from "../storage/storage.ts";
import { deploy, LIMITS, picture } from "./lab.test-tools.ts";
import { ServingError, type Serving } from "./serving.ts";
import { startOddServer, tensor, type OddServer } from "./triton-server.test-tools.ts";
import { createTritonServing } from "./triton.ts";

/** What a sound server does is tested with the real one (triton.real.test.ts); here it is one that fails, lies or is somebody else. */
describe("a Triton that fails", () => {
  const model = { name: "odd", version: 1 };
  const at = "/v2/models/odd/versions/1";
  const image = picture(64, 64, []);
  let root: string;
  let storage: Storage;
  let server: OddServer;
  let serving: Serving;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-triton-"));
    storage = createLocalStorage({ root });
    server = await startOddServer();
    serving = createTritonServing({ storage, url: `${server.url}/`, timeoutS: 2 });
    await deploy(storage, { name: "odd", file: "detect" });
  });
  afterEach(async () => {
    await serving.close();
    await server.close();
    await rm(root, { recursive: true, force: true });
  });
  const problemOf = async (work: Promise<unknown>): Promise<{ url?: string; message: string; field?: string; whatToDo?: string }> => {
    const problem: unknown = await work.then(() => new Error("it worked")).catch((error: unknown) => error);
    return problem as Error;
  };
  const infer = (count = 1): Promise<unknown> => serving.infer({ model, images: Array.from({ length: count }, () => image), ...LIMITS });

  it("is asked for a version by its place", () => {
    expect(serving.kind).toBe("triton");
    expect(serving.endpointOf({ name: "odd", version: 3 })).toBe(`${server.url}/v2/models/odd/versions/3`);
  });

  it("is away: that is an error with its URL, worth another try, and then it works", async () => {
    const away = createTritonServing({ storage, url: "http://127.0.0.1:1", timeoutS: 2 });
    for (const work of [() => away.load(model), () => away.serve({ name: "odd", versions: [1] }), () => away.infer({ model, images: [image], ...LIMITS })]) {
      const problem = await problemOf(work());
      expect(problem).toBeInstanceOf(ServingError);
      expect(problem.message).toMatch(/^http:\/\/127\.0\.0\.1:1\/v2.*cannot be reached/);
    }
    await away.close();
    server.answer(`GET ${at}/ready`, [500, "<html>Bad Gateway</html>"]);
    expect(await problemOf(infer())).toMatchObject({ name: "ServingError", url: `${server.url}${at}/ready`, message: expect.stringMatching(/answers 500: <html>Bad Gateway/) as unknown });
    server.answer(`GET ${at}/ready`, [200, ""]);
    expect(await infer()).toEqual([[]]);
  });

  it("answers inference with nonsense, errors or nothing", async () => {
    await serving.load(model);
    const odd: [string, RegExp, Parameters<OddServer["answer"]>[1]][] = [
      ["a page", /has no tensors/, [200, "<html>hello</html>"]],
      ["broken JSON", /JSON/, ({ response }) => tensor(response, [1, 6, 1], { header: "{ broken" })],
      ["another output", /has FP32 "output1" where/, ({ response }) => tensor(response, [1, 6, 1], { name: "output1" })],
      ["another type", /has FP16 "output0" where/, ({ response }) => tensor(response, [1, 6, 1], { datatype: "FP16" })],
      ["too few bytes", /8 bytes for a tensor of \[1, 6, 1\]/, ({ response }) => tensor(response, [1, 6, 1], { bytes: 8 })],
      ["results of other images", /results for 2 images where 1 were sent/, ({ response }) => tensor(response, [2, 6, 1])],
      ["an internal error", /answers 500: CUDA error/, [500, JSON.stringify({ error: "CUDA error" })]],
      ["busy", /answers 503: Exceeds maximum queue size/, [503, JSON.stringify({ error: "Exceeds maximum queue size" })]],
      ["no answer", /no answer within 2 s/, () => undefined],
      ["a closed connection", /cannot be reached/, ({ raw }) => raw.socket.destroy()],
    ];
    for (const [what, reason, by] of odd) {
      server.answer(`POST ${at}/infer`, by);
      const problem = await problemOf(infer());
      expect(problem, what).toBeInstanceOf(ServingError);
      expect(problem, what).toMatchObject({ url: `${server.url}${at}`, message: expect.stringMatching(reason) as unknown });
    }
    // Neither of these is better the next time.
    const firm: [RegExp, Parameters<OddServer["answer"]>[1]][] = [
      [/does not take one image of odd@1/, [400, JSON.stringify({ error: "Request JSON size exceeds the maximum allowed value. Use --http-max-input-size to increase the limit." })]],
      [/shape \[1, 9, 1\], which does not fit/, ({ response }) => tensor(response, [1, 9, 1])],
    ];
    for (const [reason, by] of firm) {
      server.answer(`POST ${at}/infer`, by);
      expect(await problemOf(infer())).toMatchObject({ name: "InputError", field: "model", message: expect.stringMatching(reason) as unknown });
    }
  });

  it("closes a connection at the moment when it is used again: that is not noticed", async () => {
    await serving.load(model);
    let closed = 0;
    server.answer(`POST ${at}/infer`, ({ raw, response }) => {
      closed += 1;
      if (closed === 1) raw.socket.destroy();
      else tensor(response, [1, 6, 1]);
    });
    expect(await infer()).toEqual([[]]);
    expect(closed).toBe(2);
  });

  it("serves another model than the file: refused before it answers anybody", async () => {
    const sound = { inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, -1, -1] }], outputs: [{ name: "output0", datatype: "FP32", shape: [-1, 6, -1] }] };
    const others: [object, RegExp][] = [
      [{ ...sound, inputs: [{ ...sound.inputs[0], name: "x" }] }, /another input.*"x" FP32 \[-1, 3, -1, -1\] instead of "images" FP32/],
      [{ ...sound, inputs: [{ ...sound.inputs[0], datatype: "UINT8" }] }, /UINT8 .* instead of "images" FP32/],
      [{ ...sound, inputs: [{ ...sound.inputs[0], shape: [-1, 3, 64, 64] }] }, /\[-1, 3, 64, 64\] instead of .*\[-1, 3, -1, -1\]/],
      [{ ...sound, inputs: [...sound.inputs, ...sound.inputs] }, /another input/],
      [{ ...sound, outputs: [{ ...sound.outputs[0], name: "y" }] }, /another output.*"y" FP32 .*instead of "output0" FP32/],
      [{ ...sound, outputs: [] }, /another output.*: none instead of/],
    ];
    for (const [metadata, reason] of others) {
      server.answer(`GET ${at}`, metadata);
      expect(await problemOf(serving.load(model))).toMatchObject({ name: "InputError", field: "model", status: 409, message: expect.stringMatching(reason) as unknown });
    }
    server.answer(`GET ${at}`, [200, "nonsense"]);
    expect(await problemOf(serving.load(model))).toMatchObject({ name: "ServingError", message: expect.stringMatching(/not JSON: nonsense/) as unknown });
    expect(server.asked.filter((path) => path.endsWith("/infer"))).toEqual([]);
  });

  it("will not load: the file's fault is told apart from the server's", async () => {
    const cases: [[number, string], string, RegExp][] = [
      [[400, "load failed for model 'odd': version 1 is at UNAVAILABLE state: Internal: onnx runtime error 10: unsupported;"], "InputError", /odd@1 cannot be used: Triton refuses it: load failed .*unsupported/],
      [[400, "load failed for model 'odd': version 1 is at UNAVAILABLE state: Internal: CUDA out of memory"], "ServingError", /answers 400: .*out of memory/],
      [[500, "failed to load 'odd', failed to poll from model repository"], "ServingError", /cannot read odd in its model repository.*--model-repository/],
      [[503, "explicit model load / unload is not allowed if polling is enabled"], "ServingError", /must be started with --model-control-mode=explicit/],
      [[502, "Bad Gateway"], "ServingError", /answers 502: Bad Gateway/],
    ];
    server.answer(`GET ${at}/ready`, [400, JSON.stringify({ error: "Model version not ready" })]);
    for (const [[status, error], name, reason] of cases) {
      server.answer("POST /v2/repository/models/odd/load", [status, JSON.stringify({ error })]);
      for (const work of [() => serving.load(model), () => serving.serve({ name: "odd", versions: [1] })]) expect(await problemOf(work())).toMatchObject({ name, message: expect.stringMatching(reason) as unknown });
    }
  });

  it("says that it has loaded, and does not serve what it was told to", async () => {
    await serving.serve({ name: "odd", versions: [1] });
    await serving.serve({ name: "odd", versions: [] });
    expect(server.asked.filter((path) => path.startsWith("POST"))).toEqual(["POST /v2/repository/models/odd/load", "POST /v2/repository/models/odd/unload"]);
    server.answer(`GET ${at}/ready`, [400, ""]);
    expect(await problemOf(serving.serve({ name: "odd", versions: [1] }))).toMatchObject({ name: "ServingError", message: expect.stringMatching(/does not serve odd@1 after loading/) as unknown });
    server.answer("POST /v2/repository/index", []);
    expect(await problemOf(serving.load(model))).toMatchObject({ name: "InputError", field: "model", status: 409, message: expect.stringMatching(/Triton does not serve odd@1/) as unknown });
  });

  /** What the server loads from config.pbtxt (`listed`) or as it is told; a version takes requests while it is there. */
  const servesVersions = (listed: number[]): { loaded: () => number[]; configs: Record<string, unknown>[]; restart: (versions: number[]) => void } => {
    let loaded: number[] = [];
    const configs: Record<string, unknown>[] = [];
    for (const version of [1, 2, 3]) {
      const path = `/v2/models/odd/versions/${version}`;
      const isThere = (by: (response: ServerResponse) => void): Parameters<OddServer["answer"]>[1] => ({ response }) => (loaded.includes(version) ? by(response) : void response.writeHead(503).end(JSON.stringify({ error: `Request for unknown model: 'odd' version ${version} is not at ready state` })));
      const json = (value: object) => isThere((response) => void response.end(JSON.stringify(value)));
      server.answer(`GET ${path}/ready`, ({ response }) => void response.writeHead(loaded.includes(version) ? 200 : 400).end());
      server.answer(`GET ${path}`, json({ inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, -1, -1] }], outputs: [{ name: "output0", datatype: "FP32", shape: [-1, 6, -1] }] }));
      server.answer(`GET ${path}/config`, json({ name: "odd", backend: "python", max_batch_size: 16, input: [], output: [], version_policy: { specific: { versions: listed } } }));
      server.answer(`POST ${path}/infer`, isThere((response) => tensor(response, [1, 6, 1])));
    }
    server.answer("POST /v2/repository/index", ({ response }) => void response.end(JSON.stringify(loaded.map((version) => ({ name: "odd", version: String(version), state: "READY" })))));
    server.answer("POST /v2/repository/models/odd/load", ({ body, response }) => {
      const { parameters } = JSON.parse(body.toString()) as { parameters?: { config: string } };
      if (parameters === undefined) loaded = listed;
      else {
        const config = JSON.parse(parameters.config) as { version_policy: { specific: { versions: number[] } } };
        configs.push(config);
        loaded = config.version_policy.specific.versions;
      }
      response.end();
    });
    return { loaded: () => loaded, configs, restart: (versions) => (loaded = versions) };
  };
  const inferAs = (version: number): Promise<unknown> => serving.infer({ model: { name: "odd", version }, images: [image], ...LIMITS });

  it("no longer lists a version that a long inference has not finished with: it is loaded again beside those that serve", async () => {
    for (const version of [2, 3]) await deploy(storage, { name: "odd", file: "detect", version });
    const triton = servesVersions([1, 2]);
    triton.restart([3]);
    expect(await inferAs(3)).toEqual([[]]);
    // Two rollbacks later.
    await serving.serve({ name: "odd", versions: [1, 2] });
    expect(triton.loaded()).toEqual([1, 2]);
    expect(await Promise.all([inferAs(3), inferAs(1), inferAs(3), inferAs(2)])).toEqual([[[]], [[]], [[]], [[]]]);
    expect(triton.loaded()).toEqual([1, 2, 3]);
    // As the server has its configuration, with what all three have in common.
    expect(triton.configs).toEqual([{ name: "odd", backend: "python", max_batch_size: 16, input: [{ name: "images", data_type: "TYPE_FP32", dims: [3, -1, -1] }], output: [{ name: "output0", data_type: "TYPE_FP32", dims: [6, -1] }], version_policy: { specific: { versions: [1, 2, 3] } } }]);
  });

  it("has another version loaded by somebody else at the same moment: tried again beside that one", async () => {
    for (const version of [2, 3]) await deploy(storage, { name: "odd", file: "detect", version });
    const triton = servesVersions([1]);
    triton.restart([1]);
    server.answer("GET /v2/models/odd/versions/3/ready", ({ response }) => {
      // As if the other process, which knew nothing of version 3, had been the last.
      if (triton.configs.length === 1) triton.restart([1, 2]);
      response.writeHead(triton.loaded().includes(3) ? 200 : 404).end("{}");
    });
    expect(await inferAs(3)).toEqual([[]]);
    expect(triton.configs.map(({ version_policy: policy }) => policy)).toEqual([{ specific: { versions: [1, 3] } }, { specific: { versions: [1, 2, 3] } }]);
  });

  it("cannot serve a version beside those that it serves: said, and those stay", async () => {
    await deploy(storage, { name: "odd", file: "pose-fixed-uint8", version: 2 });
    const triton = servesVersions([1]);
    triton.restart([1]);
    expect(await problemOf(inferAs(2))).toMatchObject({ name: "InputError", status: 409, message: expect.stringMatching(/cannot serve the versions 1 and 2 of odd side by side/) as unknown });
    expect(triton.loaded()).toEqual([1]);
  });

  it("gets no more at once than it takes: images, bytes, requests", async () => {
    // 63 MB in one request: on a busy machine that takes its time.
    await serving.close();
    serving = createTritonServing({ storage, url: `${server.url}/`, timeoutS: 60 });
    // 12.6 MB each: four of them are 50 MB.
    server.answer(`GET ${at}/config`, { max_batch_size: 16 });
    const size = { width: 1024, height: 1024 };
    await serving.infer({ model, images: Array.from({ length: 6 }, () => picture(1024, 1024, [])), size, ...LIMITS });
    // The first is the empty image of loading.
    expect(server.shapes.slice(1).toSorted(([a = 0], [b = 0]) => b - a)).toEqual([[4, 3, 1024, 1024], [2, 3, 1024, 1024]]);

    server.answer(`GET ${at}/config`, { max_batch_size: 4 });
    await serving.load(model);
    const waiting: (() => void)[] = [];
    const batches: number[] = [];
    let most = 0;
    server.answer(`POST ${at}/infer`, ({ body, raw, response }) => {
      const { inputs } = JSON.parse(body.toString("utf8", 0, Number(raw.headers["inference-header-content-length"]))) as { inputs: [{ shape: [number, ...number[]] }] };
      const [count] = inputs[0].shape;
      batches.push(count);
      waiting.push(() => tensor(response, [count, 6, 1]));
      most = Math.max(most, waiting.length);
      // When as many wait as may, or all have come; a moment later, so that one too many would be seen.
      if (waiting.length === 4 || batches.length === 11) setTimeout(() => waiting.splice(0).forEach((answer) => answer()), 20);
    });
    expect(await infer(42)).toHaveLength(42);
    expect(batches.toSorted((a, b) => b - a)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2]);
    expect(most).toBe(4);
  });
});
