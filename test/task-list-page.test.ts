import { AxeBuilder } from "@axe-core/playwright";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startLab, type Lab } from "../api/lab.test-suite.ts";
import { makeId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";
import { keepPicture, openPage, startBrowser } from "./browser.ts";

/** The start page's list: pages, and filters. */

let lab: Lab;
let browser: Browser;
const OLD = 60;
const ids = Array.from({ length: OLD }, (_, i) => makeId(Date.UTC(2026, 0, 1) - i * 60_000));

beforeAll(async () => {
  lab = await startLab();
  browser = await startBrowser();
  for (const [i, taskId] of ids.entries()) {
    const record = { task_id: taskId, status: i === 55 ? "cancelled" : "completed", user_id: "ada", project: i === 57 ? "cage 7" : "old", round: 1, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-02T00:00:00Z", waiting_for: null, steps: [{ name: "upload", status: "completed" }], settings: { labeling: { people: [] } }, timeline: [] };
    await lab.storage.put(taskKeys(taskId).record, JSON.stringify(i === 59 ? { ...record, run: { kind: "training", task_id: null, job: {} } } : record));
  }
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

it("turns pages, and shows what the filters ask for", async () => {
  const app = await lab.app({ webRoot: fileURLToPath(new URL("../api/web/dist", import.meta.url)) });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const { page, errors } = await openPage(browser);
  const shown = async (): Promise<string[]> => await page.locator(".task-row code").allTextContents();
  const isShown = async (expected: string[]): Promise<void> => {
    await expect.poll(shown, { timeout: 20_000 }).toEqual(expected);
  };
  try {
    await page.goto(url);
    await isShown(ids.slice(0, 50));
    const [newer, older] = [page.getByRole("button", { name: "Newer" }), page.getByRole("button", { name: "Older" })];
    expect([await newer.isDisabled(), await older.isDisabled()]).toEqual([true, false]);
    await older.click();
    await isShown(ids.slice(50, 59));
    expect(await older.isDisabled()).toBe(true);
    expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    await newer.click();
    await isShown(ids.slice(0, 50));

    await page.getByLabel("State").selectOption("cancelled");
    await isShown([ids[55]!]);
    await page.getByLabel("State").selectOption("");
    await page.getByLabel("Only of").fill("cage 7");
    await page.getByLabel("Only of").press("Enter");
    await isShown([ids[57]!]);
    await page.getByLabel("State").selectOption("running");
    await page.getByText("Nothing here matches.").waitFor();
    await page.getByLabel("State").selectOption("");
    await page.getByLabel("Only of").fill("");
    await page.getByLabel("Only of").press("Enter");
    await page.getByLabel("Show").selectOption("run");
    await isShown([ids[59]!]);
    expect(await page.locator(".task-row a").first().textContent()).toContain("Training");
    expect(errors).toEqual([]);
  } catch (error) {
    await keepPicture(page, "task-list-page");
    throw error;
  }
});
