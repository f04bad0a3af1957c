import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Browser } from "playwright-core";
import { send, untilStatus } from "../api/lab.test-suite.ts";
import { workflowIdOf } from "../domain/ids.ts";
import { keepPicture, openPage, startBrowser } from "./browser.ts";
import { animal, startCvatLab, type CvatLab } from "./cvat-lab.ts";

/** The task's page where people label in another tool, and where they want another round. */

let cvat: CvatLab;
let browser: Browser;
beforeAll(async () => {
  cvat = await startCvatLab();
  browser = await startBrowser();
  await cvat.lab.startWorkers();
});
afterAll(async () => {
  await browser?.close();
  await cvat?.close();
});

it("leads to the labeling tool, and offers a new round when approved labels are opened again there", async () => {
  const app = await cvat.lab.app({ webRoot: fileURLToPath(new URL("../api/web/dist", import.meta.url)) });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const taskId = await cvat.waitingTask();
  const { page, errors } = await openPage(browser);
  await page.goto(`${url}/task/${taskId}`);
  const link = page.locator(".callout a.button");
  await link.waitFor();
  expect(await link.getAttribute("href")).toBe(`${cvat.cvat.url}/tasks/${(await cvat.recordOf(taskId)).cvat.task_id}`);

  for (const job of await cvat.people.jobs(taskId)) {
    await cvat.people.draw(taskId, job, [animal("a", 3)]);
    await cvat.people.accept(job);
  }
  await untilStatus(app, taskId, "completed");
  // It says so a moment before it has ended.
  await cvat.lab.env.client.workflow.getHandle(workflowIdOf(taskId)).result();
  const [job] = await cvat.people.jobs(taskId);
  await cvat.people.set(job!, "annotation", "in progress");
  await expect.poll(async () => (await send(app, "GET", `/labeling/${taskId}`)).body["reopened"] as boolean, { timeout: 20_000 }).toBe(true);
  await page.reload();
  await page.getByText("opened again in the labeling tool").waitFor();
  await keepPicture(page, "new-round");
  // What comes late above the button moves it away from under the pointer.
  await page.waitForLoadState("networkidle");
  const [opened] = await Promise.all([page.waitForResponse((response) => response.request().method() === "POST"), page.getByRole("button", { name: "Open round 2" }).click()]);
  expect(opened.status(), await opened.text()).toBe(201);
  await page.locator(".callout a.button").waitFor();
  expect(await page.locator(".callout a.button").getAttribute("href")).toBe(`${cvat.cvat.url}/tasks/${(await cvat.recordOf(taskId, 2)).cvat.task_id}`);
  expect(errors).toEqual([]);
});
