import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { INPUT, makeLab, rowOf, TASK } from "../activities/results/results.test-suite.ts";
import { startLab } from "../api/lab.test-suite.ts";
import { resultKeys, taskKeys } from "../domain/layout.ts";
import type { TaskState } from "../domain/state.ts";
import { keepPicture, openPage, startBrowser } from "./browser.ts";

/** What a person sees of a finished task: quality at a glance, whose moments lead the video there, and the report. */

/** A task in whose video nothing was found. */
const EMPTY = "0test00empty";

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
    await lab.addResult({}, Array.from({ length: 200 }, (_, n) => rowOf(n, n / 25, [])));
    await lab.run(assessQuality, { ...INPUT, settings: {} as never });
    for (const of of ["result", "quality"] as const) await api.storage.put(resultKeys(EMPTY, 1)[of], await lab.storage.read(resultKeys(TASK, 1)[of]));
  } finally {
    await lab.remove();
  }
  const record = { task_id: TASK, status: "completed", user_id: "ada", project: "open field", round: 1, created_at: "2026-01-01T00:00:00Z", ended_at: "2026-01-02T00:00:00Z", waiting_for: null, steps: [], settings: { file_path: "/a.mp4" }, timeline: [] } as unknown as TaskState;
  for (const id of [TASK, EMPTY]) await api.storage.put(taskKeys(id).record, JSON.stringify({ ...record, task_id: id }));
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

it("shows what result.json says of a frame without loading the file, however long it is", async () => {
  const { page, errors } = await openPage(browser);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`${url}/task/${TASK}`);
  const frame = page.locator(".rows input");
  const animals = (): Promise<string[]> => page.locator(".rows tbody tr").allInnerTexts();
  await expect.poll(animals).toEqual(["0\t0.90\t0.100 0.200 0.300 0.500", "1\t0.90\t0.700 0.200 0.900 0.500"]);
  await frame.fill("60");
  await page.locator(".rows button").click();
  // The video goes there too; one of the animals is missing then.
  await expect.poll(() => page.locator("video").evaluate((video) => (video as HTMLVideoElement).currentTime)).toBe(2.4);
  await expect.poll(animals).toEqual(["0\t0.90\t0.100 0.200 0.300 0.500"]);
  // And it follows the video.
  await page.locator(".moments a").last().click();
  await expect.poll(() => frame.inputValue()).toBe("150");
  await expect.poll(animals).toEqual(["0\t0.90\t0.700 0.200 0.900 0.500", "1\t0.90\t0.100 0.200 0.300 0.500"]);
  await page.locator(".rows").scrollIntoViewIfNeeded();
  await keepPicture(page, "result-rows");
  expect(asked.filter((path) => path.endsWith("/results/rows")).length).toBeGreaterThan(0);
  expect(asked.filter((path) => path.endsWith("/results/result.json"))).toEqual([]);
  expect(errors).toEqual([]);
});

it("says so where no animal was found, instead of calling it complete", async () => {
  const { page, errors } = await openPage(browser);
  await page.goto(`${url}/task/${EMPTY}`);
  await page.getByText("No animal was found in any of 200 frames").waitFor();
  expect(await page.locator(".tile").count()).toBe(0);
  await page.getByText("No animal in this frame").waitFor();
  expect(errors).toEqual([]);
});

it("gives rows from a frame or a time on, and refuses what makes no sense", async () => {
  const rows = async (query: string): Promise<{ status: number; frames?: number[]; next?: number | null; field?: string }> => {
    const answer = await fetch(`${url}/tasks/${TASK}/results/rows${query}`);
    const body = (await answer.json()) as { rows?: { frame: number }[]; next?: number | null; field?: string };
    return { status: answer.status, ...(body.rows === undefined ? { field: body.field } : { frames: body.rows.map(({ frame }) => frame), next: body.next }) } as never;
  };
  expect(await rows("?limit=2")).toEqual({ status: 200, frames: [0, 1], next: 2 });
  expect(await rows("?frame=198&limit=5")).toEqual({ status: 200, frames: [198, 199], next: null });
  expect(await rows("?time=4.05&limit=1")).toEqual({ status: 200, frames: [101], next: 102 });
  expect(await rows("?frame=1&time=1")).toEqual({ status: 400, field: "time" });
  expect(await rows("?limit=0")).toEqual({ status: 400, field: "limit" });
  expect(await rows("?round=2")).toEqual({ status: 404, field: "task_id" });
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
