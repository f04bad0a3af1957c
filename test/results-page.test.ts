import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { INPUT, makeLab, rowOf, TASK } from "../activities/results/results.test-suite.ts";
import { startLab } from "../api/lab.test-suite.ts";
import { resultKeys, taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { keepPicture, openPage, startBrowser } from "./browser.ts";

/** What a person sees of a finished task: quality at a glance, whose moments lead the video there, and the report. */

let api: Awaited<ReturnType<typeof startLab>>;
let browser: Browser;
let url: string;
beforeAll(async () => {
  api = await startLab();
  browser = await startBrowser();
  const lab = await makeLab();
  try {
    await lab.addVideo({ args: ["-f", "lavfi", "-i", "testsrc=size=160x96:rate=25:duration=8"], width: 160, height: 96, fps: 25 });
    // Two animals for 8 s; one is missing from 2 s to 3 s, and at 6 s they exchange their ids.
    const rows = Array.from({ length: 200 }, (_, n) => {
      const places = n < 150 ? [0.1, 0.7] : [0.7, 0.1];
      return rowOf(n, n / 25, places.flatMap((x, id) => (id === 1 && n >= 50 && n < 75 ? [] : [{ id: String(id), box: [x, 0.2, x + 0.2, 0.5] as [number, number, number, number] }])));
    });
    await lab.addResult({ settings: { num_animals: 2 } }, rows);
    const { assessQuality, annotateVideo, writeReport } = lab.steps;
    for (const step of [assessQuality, annotateVideo, writeReport]) await lab.run(step, { ...INPUT, settings: { outputs: ["video", "report"] } as never });
    for (const key of await lab.storage.list(resultKeys(TASK, 1).prefix)) await api.storage.put(key, await lab.storage.read(key));
  } finally {
    await lab.remove();
  }
  const record = { task_id: TASK, status: "completed", user_id: "ada", project: "open field", round: 1, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-02T00:00:00Z", waiting_for: null, steps: [], settings: { file_path: "/a.mp4" }, timeline: [] } as unknown as TaskState;
  await api.storage.put(taskKeys(TASK).record, JSON.stringify(record));
  const app = await api.app({ webRoot: fileURLToPath(new URL("../api/web/dist", import.meta.url)) });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(async () => {
  await browser?.close();
  await api?.stop();
});

it("says how far the results can be trusted, and leads the video to each moment", async () => {
  const { page, errors } = await openPage(browser);
  await page.goto(`${url}/task/${TASK}`);
  await page.locator(".quality").waitFor();
  expect(await page.locator(".tile strong").allTextContents()).toEqual(["87.5 %", "1", "0", "1", "0.90"]);
  const at = (): Promise<number> => page.locator("video").evaluate((video) => (video as HTMLVideoElement).currentTime);
  await expect.poll(() => page.locator("video").evaluate((video) => (video as HTMLVideoElement).readyState)).toBeGreaterThanOrEqual(1);
  await page.locator(".moments a").first().click();
  expect(await at()).toBe(2);
  await page.locator(".moments a").last().click();
  expect(await at()).toBe(6);
  // The address now names the moment: whoever gets it sees the same.
  expect(new URL(page.url()).search).toBe("?t=6.00");
  await page.reload();
  await expect.poll(at).toBe(6);
  await keepPicture(page, "quality");
  await page.locator("select.language").selectOption("ko");
  await page.getByText("한눈에 보는 품질").waitFor();
  expect(await page.locator(".moments h4").allTextContents()).toEqual(["개체 누락 ", "개체 번호 뒤바뀜 의심 "]);
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  await keepPicture(page, "quality-narrow-ko");
  expect(errors).toEqual([]);
});

it("opens the report, whose times lead to the video", async () => {
  const { page, errors } = await openPage(browser, { colorScheme: "dark" });
  await page.goto(`${url}/task/${TASK}`);
  const [report] = await Promise.all([page.waitForEvent("popup"), page.locator(".results-head a").click()]);
  await report.locator(".moments a").last().click();
  await report.waitForURL(/annotated\.mp4#t=6\.00$/);
  // A video alone in a window plays on from there.
  await expect.poll(() => report.locator("video").evaluate((video) => (video as HTMLVideoElement).currentTime)).toBeGreaterThanOrEqual(6);
  expect(errors).toEqual([]);
});
