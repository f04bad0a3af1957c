import { AxeBuilder } from "@axe-core/playwright";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { App } from "../api/context.ts";
import { send, type Lab } from "../api/lab.test-suite.ts";
import { modelFile, startModelsLab } from "../api/models-lab.test-suite.ts";
import { makeId } from "../domain/ids.ts";
import { taskKeys, trainKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { keepPicture, openPage, startBrowser } from "./browser.ts";

/** The page of the models, and the button with which a finished task's model begins the next videos. */

let lab: Lab;
let folder: string;
let stop: () => Promise<void>;
let browser: Browser;
let app: App;
beforeAll(async () => {
  ({ lab, folder, stop } = await startModelsLab());
  browser = await startBrowser();
  app = await lab.app({ webRoot: fileURLToPath(new URL("../api/web/dist", import.meta.url)) });
  await lab.startWorkers();
});
afterAll(async () => {
  await browser?.close();
  await stop?.();
});

/** A task that has ended, with its model deployed. */
async function endedTask(): Promise<string> {
  const running = (await send(app, "POST", "/tasks/", { body: lab.body })).body["task_id"] as string;
  const { body } = await send(app, "GET", `/status/${running}`);
  const taskId = makeId();
  const model = { name: taskId, version: 1 };
  const now = new Date().toISOString();
  const steps = (body["steps"] as TaskState["steps"]).map((step) => ({ ...step, status: "completed", result: step.name === "deployment" ? { model } : step.name === "training" ? { metrics: { box_map50: 0.9712, box_map50_95: 0.7409, precision: 0.98 }, epochs: 80, base: "micro from scratch", imgsz: 640 } : null }));
  await lab.storage.put(taskKeys(taskId).record, JSON.stringify({ ...body, task_id: taskId, status: "completed", ended_at: now, waiting_for: null, steps, timeline: [] }));
  await lab.storage.put(trainKeys(taskId, 1).onnx, { file: modelFile("detect") });
  const deployed = await send(app, "POST", "/deployments", { body: { task_id: taskId, model_path: trainKeys(taskId, 1).onnx }, headers: { prefer: "wait=60" } });
  expect(deployed.body).toMatchObject({ result: { model } });
  return taskId;
}

it("shows the models, takes one that a person brings, promotes and rolls back; in both languages, light and dark", async () => {
  const taskId = await endedTask();
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const { page, errors } = await openPage(browser);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto(`${url}/`);
  await page.getByRole("link", { name: "Models" }).click();
  await page.waitForURL("**/model");
  await page.getByRole("article", { name: taskId }).waitFor();

  await page.getByLabel("File").fill(join(folder, "none.onnx"));
  await page.getByLabel("Model's name").fill("global");
  await page.getByRole("button", { name: "Check and deploy it" }).click();
  await page.getByRole("alert").getByText("There is no file").waitFor();
  await page.getByLabel("File").fill(join(folder, "damaged.onnx"));
  await page.getByRole("button", { name: "Check and deploy it" }).click();
  const global = page.getByRole("article", { name: "global" });
  await global.getByText("version 1", { exact: true }).waitFor();
  expect(await global.locator(".facts").textContent()).toContain("the file damaged.onnx");

  await page.getByRole("article", { name: taskId }).getByRole("button", { name: "Use for the next videos" }).click();
  await global.getByText("version 2", { exact: true }).waitFor();
  expect(await global.locator(".facts").textContent()).toContain(`${taskId}@1, promoted`);
  expect(await global.locator(".facts").textContent()).toContain("0.7409");
  await global.getByText("2 versions").click();
  await global.getByRole("row", { name: /^2 answers/ }).waitFor();
  await keepPicture(page, "models");
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);

  await global.getByRole("button", { name: "Roll back to version 1" }).click();
  await global.getByText("version 1", { exact: true }).waitFor();
  await global.getByRole("row", { name: /^1 answers/ }).waitFor();
  await global.getByRole("button", { name: "Let it answer: version 2" }).click();
  await global.getByText("version 2", { exact: true }).waitFor();
  expect((await send(app, "GET", "/models/global")).body).toMatchObject({ served_version: 2, changed_by: "local" });

  await page.locator("select.language").selectOption("ko");
  await page.getByRole("heading", { name: "모델", exact: true }).waitFor();
  await page.emulateMedia({ colorScheme: "dark" });
  await keepPicture(page, "models-dark-ko");
  expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
});

it("a finished task's page offers its model for the next videos, and says when it is used", async () => {
  const taskId = await endedTask();
  const { page, errors } = await openPage(browser);
  await page.goto(`${app.listeningOrigin}/task/${taskId}`);
  await page.getByRole("button", { name: "Use for the next videos" }).click();
  await page.getByText("New videos begin with this model.").waitFor();
  await keepPicture(page, "use-next");
  await page.reload();
  await page.getByText("New videos begin with this model.").waitFor();
  expect((await send(app, "GET", "/models/global")).body).toMatchObject({ lineage: { promoted_from: `${taskId}@1` } });
  expect(errors).toEqual([]);
  await page.close();
});
