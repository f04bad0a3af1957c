import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeId } from "../domain/ids.ts";
import { apiKeys, modelKeys, trainKeys } from "../domain/layout.ts";
import type { App } from "./context.ts";
import { createKeyStore } from "./keys.ts";
import { send, type Lab } from "./lab.test-suite.ts";
import { modelFile, startModelsLab } from "./models-lab.test-suite.ts";

/** Models over the API: a real Temporal server, real deployments into the embedded ONNX Runtime. */

const wait = { prefer: "wait=60" };

let lab: Lab;
let app: App;
let folder: string;
let stop: () => Promise<void>;
let taskId: string;
beforeAll(async () => {
  ({ lab, folder, stop } = await startModelsLab());
  app = await lab.app();
  await lab.startWorkers();
  taskId = (await send(app, "POST", "/tasks/", { body: lab.body })).body["task_id"] as string;
  await lab.storage.put(trainKeys(taskId, 1).onnx, { file: modelFile("detect") });
}, 120_000);
afterAll(() => stop());

const bring = (body: object, headers: Record<string, string> = wait) => send(app, "POST", "/models", { body, headers });
const model = async (name: string) => (await send(app, "GET", `/models/${name}`)).body;

describe("models over the API", () => {
  it("takes a user's .onnx as a named model, and says what it is", async () => {
    expect((await send(app, "GET", "/models")).body).toEqual({ models: [] });
    const { status, body } = await bring({ file_path: join(folder, "pose-fixed-uint8.onnx"), name: "squares" });
    expect({ status, result: body["result"] as unknown }).toEqual({ status: 200, result: { model: { name: "squares", version: 1 }, endpoint: "onnx://squares/1", parity: [] } });
    const { models } = (await send(app, "GET", "/models")).body;
    expect(models).toMatchObject([{ name: "squares", kind: "named", served_version: 1, versions: [1], refused: [], task: "pose", classes: ["red", "green"], keypoints: ["centre", "corner"], endpoint: "onnx://squares/1", owner: "local", lineage: { imported: "pose-fixed-uint8.onnx", file_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } }]);
    expect((await model("squares"))["cards"]).toMatchObject([{ version: 1, status: "deployed", opset: 17, inputs: [{ name: "images", type: "uint8", shape: [2, 3, 64, 64] }] }]);
    // Names that the file lacks can be given.
    expect((await bring({ file_path: join(folder, "no-names.onnx"), name: "unnamed", classes: ["a", "b"] })).status).toBe(200);
    expect(await model("unnamed")).toMatchObject({ classes: ["a", "b"] });
  });

  it("refuses bad paths, what is not there, and files that cannot serve, with what is wrong", async () => {
    await writeFile(join(folder, "no.onnx"), "no model");
    await writeFile(join(folder, "notes.txt"), "x");
    const cases: [object, number, string, RegExp][] = [
      [{ file_path: "/etc/passwd.onnx", name: "x1" }, 400, "file_path", /outside/],
      [{ file_path: "https://example.org/a.onnx", name: "x1" }, 400, "file_path", /network/],
      [{ file_path: "auth/keys.json", name: "x1" }, 400, "file_path", /nor a model's key/],
      [{ file_path: `train_log/${taskId}/../x/model.onnx`, name: "x1" }, 400, "file_path", /nor a model's key/],
      [{ file_path: join(folder, "detect.onnx") }, 400, "name", /neither/],
      [{ file_path: join(folder, "detect.onnx"), name: "../a" }, 400, "name", /cannot be/],
      [{ file_path: join(folder, "detect.onnx"), name: "motion" }, 400, "name", /something else/],
      [{ file_path: join(folder, "detect.onnx"), name: makeId() }, 400, "name", /looks like a task/],
      [{ file_path: join(folder, "none.onnx"), name: "x1" }, 404, "file_path", /no file/],
      [{ file_path: `models/squares/9/model.onnx`, name: "x1" }, 404, "file_path", /no model at/],
      [{ file_path: join(folder, "detect.onnx"), task_id: makeId() }, 404, "task_id", /no task/],
      [{ file_path: join(folder, "notes.txt"), name: "x1" }, 422, "file_path", /neither a \.pt/],
    ];
    for (const [body, status, field, detail] of cases) expect(await bring(body), JSON.stringify(body)).toMatchObject({ status, body: { field, detail: expect.stringMatching(detail) as string } });
    for (const [file, reason] of [["no", /not an ONNX model/], ["segment", /task "segment"/], ["external-data", /other files/], ["wrong-classes", /does not fit 3 classes/]] as const) {
      expect(await bring({ file_path: join(folder, `${file}.onnx`), name: "bad" }), file).toMatchObject({ status: 422, body: { detail: expect.stringMatching(reason) as string } });
    }
    expect(await model("bad")).toMatchObject({ served_version: null, versions: [], refused: [1] });
  });

  it("deploys a task's model, promotes it to global, and rolls global back with one call", async () => {
    const deployed = await send(app, "POST", "/deployments", { body: { task_id: taskId, model_path: trainKeys(taskId, 1).onnx }, headers: wait });
    expect(deployed).toMatchObject({ status: 200, body: { result: { model: { name: taskId, version: 1 } } } });
    const runId = deployed.body["run_id"] as string;
    expect((await send(app, "GET", `/deployments/${runId}`)).body).toMatchObject({ deployment_id: runId, task_id: taskId, status: "completed", model: { name: taskId, version: 1 }, endpoint: `onnx://${taskId}/1` });
    expect(await model(taskId)).toMatchObject({ kind: "task", lineage: { task_id: taskId, round: 1 }, owner: "ada" });

    await bring({ file_path: join(folder, "damaged.onnx"), name: "global" });
    const promoted = await send(app, "POST", `/models/${taskId}/promote`, { headers: wait, body: {} });
    expect(promoted).toMatchObject({ status: 200, body: { result: { model: { name: "global", version: 2 } } } });
    expect(await model("global")).toMatchObject({ served_version: 2, before: [1], changed_by: "local", lineage: { task_id: taskId, promoted_from: `${taskId}@1` } });
    expect(await lab.storage.read(modelKeys("global").onnx(2))).toEqual(await lab.storage.read(trainKeys(taskId, 1).onnx));

    const back = await send(app, "POST", "/models/global/rollback", { headers: wait, body: { why: "it missed the tails" } });
    expect(back).toMatchObject({ status: 200, body: { result: { model: { name: "global", version: 1 }, endpoint: "onnx://global/1" } } });
    expect(await model("global")).toMatchObject({ served_version: 1, before: [], changed_why: "it missed the tails" });
    expect(await send(app, "POST", "/models/global/rollback", { headers: wait, body: {} })).toMatchObject({ status: 409, body: { field: "version" } });
    expect(await send(app, "POST", "/models/global/rollback", { headers: wait, body: { version: 2 } })).toMatchObject({ status: 200 });
    expect(await send(app, "POST", "/models/global/promote", { body: {} })).toMatchObject({ status: 400, body: { field: "to" } });
    expect(await send(app, "POST", `/models/${taskId}/promote`, { body: { version: 5 } })).toMatchObject({ status: 404, body: { field: "version" } });
    expect((await send(app, "GET", "/models")).body["models"].map(({ name }: { name: string }) => name)).toEqual(["global", "bad", "squares", "unnamed", taskId]);
  });

  it("ends two deployments of one name that come at once well: two versions, and the later one answers", async () => {
    const made = await Promise.all(["detect", "damaged"].map((file) => bring({ file_path: join(folder, `${file}.onnx`), name: "pair" })));
    expect(made.map(({ status }) => status)).toEqual([200, 200]);
    expect(made.map(({ body }) => body["result"].model.version as number).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(await model("pair")).toMatchObject({ served_version: 2, before: [1] });
  });

  it("lets users see their own tasks' models, and change only what is theirs", async () => {
    const keys = createKeyStore({ storage: lab.storage });
    const as = async (user: string, admin = false): Promise<Record<string, string>> => ({ authorization: `Bearer ${(await keys.add({ userId: user, admin })).token}` });
    const [ada, eve, root] = [await as("ada"), await as("eve"), await as("root", true)];
    // An API process that was started after the keys were made.
    const signed = await lab.app();
    const call = (method: "GET" | "POST", url: string, headers: Record<string, string>, body?: object) => send(signed, method, url, { headers, ...(body === undefined ? {} : { body }) });
    const seen = async (headers: Record<string, string>) => (await call("GET", "/models", headers)).body["models"].map(({ name }: { name: string }) => name);
    expect(await seen(root)).toContain(taskId);
    expect(await seen(ada)).toContain(taskId);
    // Its card may not say whose it is.
    await lab.storage.put(modelKeys(taskId).card(1), JSON.stringify({ ...JSON.parse((await lab.storage.read(modelKeys(taskId).card(1))).toString()), owner: null }));
    expect(await seen(ada)).toContain(taskId);
    expect(await seen(eve)).toEqual(["global", "bad", "pair", "squares", "unnamed"]);
    expect((await call("GET", `/models/${taskId}`, eve)).status).toBe(404);
    expect(await call("POST", `/models/${taskId}/promote`, eve, {})).toMatchObject({ status: 404 });
    for (const [url, body] of [["/models/global/rollback", {}], [`/models/${taskId}/promote`, {}], ["/models", { file_path: join(folder, "detect.onnx"), name: "global" }]] as const) {
      expect(await call("POST", url, ada, body), url).toMatchObject({ status: 403, body: { field: "name" } });
    }
    expect(await call("POST", "/models/pair/rollback", ada, {})).toMatchObject({ status: 403 });
    expect(await call("POST", "/models", eve, { file_path: trainKeys(taskId, 1).onnx, name: "mine" })).toMatchObject({ status: 404 });
    expect((await call("POST", `/models/${taskId}/promote`, { ...ada, ...wait }, { to: "adas" })).status).toBe(200);
    expect((await call("POST", "/models/adas/rollback", eve, {})).status).toBe(403);
    expect((await call("POST", "/models/global/rollback", { ...root, ...wait }, {})).status).toBe(200);
    for (const key of await lab.storage.list(apiKeys.prefix)) await lab.storage.remove(key);
  });
});
