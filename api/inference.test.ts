import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelKeys, resultKeys } from "../domain/layout.ts";
import type { ModelCard } from "../domain/models.ts";
import type { App } from "./context.ts";
import { send, startLab, untilStatus, type Lab } from "./lab.test-suite.ts";

/** POST /models/{name}/inference on a real Temporal server; the real model over a real video is in test/kill.test.ts. */

let lab: Lab;
let app: App;
beforeAll(async () => {
  lab = await startLab();
  app = await lab.app();
  await lab.startWorkers();
  const keys = modelKeys("mice");
  for (const version of [1, 2]) {
    await lab.storage.put(keys.onnx(version), "a model");
    await lab.storage.put(keys.card(version), JSON.stringify({ name: "mice", version, status: "deployed", task: "pose", classes: ["mouse"], keypoints: ["nose", "tail"] } satisfies Partial<ModelCard>));
  }
}, 120_000);
afterAll(() => lab.stop());

const infer = (body: object, options: { name?: string; headers?: Record<string, string> } = {}) => send(app, "POST", `/models/${options.name ?? "mice"}/inference`, { body: { data_path: lab.video, ...body }, headers: options.headers ?? {} });

describe("a model over a video", () => {
  it("runs as a step of its own, with results under its run_id", async () => {
    const answer = await infer({ confidence: 0.4, frame_skip: 1, num_animals: 2, outputs: ["json", "csv"] }, { headers: { prefer: "wait=60" } });
    expect(answer).toMatchObject({ status: 200, body: { result: { model: { name: "mice", version: 2 }, frames: 100 } } });
    const runId = answer.body["run_id"] as string;
    const { settings, timeline } = (await send(app, "GET", `/status/${runId}`)).body as { settings: object; timeline: { event: string }[] };
    expect(settings).toMatchObject({ classes: ["mouse"], keypoints: ["nose", "tail"], num_animals: 2, inference: { confidence: 0.4, iou: 0.7, batch_size: 8, frame_skip: 1, max_frames: null } });
    expect(timeline.map(({ event }) => event)).toEqual(["inference.requested", "inference.completed"]);
    expect((await send(app, "GET", `/tasks/${runId}/results`)).body["files"]).toMatchObject([{ name: "result.json" }, { name: "tracks.csv" }]);
    expect((await lab.storage.read(resultKeys(runId, 1).result)).toString()).toContain("results");
    const older = await infer({ version: 1, outputs: [] });
    expect((await untilStatus(app, older.body["run_id"] as string, "completed"))["steps"]).toMatchObject([{ result: { model: { version: 1 } } }]);
  });

  it.each([
    [{ confidence: 1.5 }, 422, "confidence"],
    [{ iou: -1 }, 422, "iou"],
    [{ batch_size: 0 }, 422, "batch_size"],
    [{ frame_skip: -1 }, 422, "frame_skip"],
    [{ max_frames: 0 }, 422, "max_frames"],
    [{ max_frames: "all" }, 422, "max_frames"],
    [{ num_animals: 0 }, 422, "num_animals"],
    [{ outputs: ["labels"] }, 422, "outputs[0]"],
    [{ task: "detect" }, 422, "task"],
    [{ version: 7 }, 404, "version"],
    [{ data_path: "../a.mp4" }, 400, "data_path"],
    [{ data_path: "" }, 400, "data_path"],
    [{ confidense: 0.5 }, 400, "confidense"],
  ])("is refused with %j: %d, %s", async (body, status, field) => {
    const answer = await infer(body);
    expect(answer).toMatchObject({ status, body: { field, what_to_do: expect.stringMatching(/./) as string } });
    expect(answer.body["detail"]).toContain(field.replace(/\[.*/, "") === "task" ? "not for detect" : field === "version" ? "version 7" : field === "data_path" ? "data_path" : field.replace(/\[.*/, ""));
  });

  it("is refused for a model and a file that are not there", async () => {
    expect(await infer({}, { name: "rats" })).toMatchObject({ status: 404, body: { field: "name" } });
    expect(await infer({ data_path: lab.video.replace("a.mp4", "b.mp4") })).toMatchObject({ status: 404, body: { field: "data_path" } });
  });
});
