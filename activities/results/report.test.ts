import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readJson } from "../../adapters/storage/storage.ts";
import { resultKeys } from "../../domain/layout.ts";
import type { Quality } from "../../domain/quality/quality.ts";
import type { ResultRow } from "../../domain/result.ts";
import type { TaskSettings } from "../../domain/task.ts";
import { keepPicture, startBrowser } from "../../test/browser.ts";
import { takeOut } from "./readers.test-tools.ts";
import { INPUT, makeLab, rowOf, TASK, type Lab } from "./results.test-suite.ts";

let lab: Lab;
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  lab = await makeLab();
});
afterEach(() => lab.remove());

const EVERYTHING = { outputs: ["json", "csv", "video", "report"] } as unknown as TaskSettings;
const run = async (settings = EVERYTHING): Promise<Quality> => {
  await lab.run(lab.steps.assessQuality, { ...INPUT, settings });
  await lab.run(lab.steps.writeReport, { ...INPUT, settings });
  return await readJson<Quality>(lab.storage, resultKeys(TASK, 1).quality);
};

/** Opens it as a file, as somebody does who was sent it; anything that it fetches or complains of fails the test. */
async function open(look: { width?: number; colorScheme?: "light" | "dark" } = {}) {
  const folder = await takeOut(lab, [resultKeys(TASK, 1).report]);
  const context = await browser.newContext({ viewport: { width: look.width ?? 1280, height: 900 }, colorScheme: look.colorScheme ?? "light", offline: true, javaScriptEnabled: true });
  const page = await context.newPage();
  const wrong: string[] = [];
  const url = pathToFileURL(join(folder, "report.html")).href;
  page.on("console", (message) => wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("request", (request) => (request.url() === url ? undefined : wrong.push(request.url())));
  await page.goto(url);
  expect(wrong).toEqual([]);
  // Nothing is cut off or has to be pushed aside, however small the window is.
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  return page;
}

/** Two animals for 8 s; 1 is missing from 2 s to 3 s, doubtful from 4 s to 5 s; at 6 s the two exchange their ids. */
const ROWS: ResultRow[] = Array.from({ length: 200 }, (_, n) => {
  const places = [0.1 + n / 400, 0.8 - n / 400];
  const exchanged = n >= 150;
  const ids = n >= 50 && n < 75 ? ["0"] : ["0", "1"];
  const place = (id: string): number => places[(Number(id) + Number(exchanged)) % 2]!;
  return {
    ...rowOf(n, n / 25, ids.map((id) => ({ id, box: [place(id), id === "0" ? 0.2 : 0.25, place(id) + 0.1, id === "0" ? 0.4 : 0.45] as [number, number, number, number] }))),
    boxes_score: ids.map((id) => (id === "1" && n >= 100 && n < 125 ? 0.3 : 0.9)),
  };
});

test("quality.json says what is missing, doubtful or exchanged, and when", async () => {
  await lab.addResult({ settings: { num_animals: 2, inference: { frame_skip: 0 } } }, ROWS);
  const quality = await run();
  expect(quality).toMatchObject({ task_id: TASK, frames: 200, last_frame: 199, frame_step: 1, ids: 2, expected: { animals: 2, from: "settings" }, complete: { frames: 175, share: 0.875 } });
  expect(quality.animals).toMatchObject([{ id: "0", frames: 200, share: 1, first_time: 0, last_time: 7.96 }, { id: "1", frames: 175, share: 0.875 }]);
  expect(quality.missing).toEqual({ count: 1, seconds: 1, listed: [{ frame: 50, end_frame: 74, time: 2, end_time: 3, ids: [], value: 1 }] });
  expect(quality.low_confidence).toEqual({ count: 1, seconds: 1, listed: [{ frame: 100, end_frame: 124, time: 4, end_time: 5, ids: ["1"], value: 0.3 }] });
  expect(quality.suspected_swaps).toMatchObject({ count: 1, listed: [{ frame: 150, time: 6, ids: ["0", "1"], why: "jump" }] });
});

test("the report opens by itself, in the light and in the dark, on a desk and on a telephone", async () => {
  await lab.addResult({ settings: { num_animals: 2, inference: { frame_skip: 0 } }, classes: ['<img src=x onerror="alert(1)">'], body_parts: ["nose"] }, ROWS);
  await run();
  const page = await open();
  expect(await page.title()).toBe(`Report of task ${TASK}`);
  expect(await page.locator("img, script").count()).toBe(0);
  expect(await page.locator(".tile b").allTextContents()).toEqual(["87.5 %", "1", "1", "1", "0.86"]);
  expect(await page.locator("h2").allTextContents()).toEqual(["Quality at a glance", "Trajectories and occupancy", "Each animal", "Speed and distance travelled", "Distance between animals", "Missing data"]);
  // Each moment leads to its place in the video beside the report.
  expect(await page.locator(".moments a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))).toEqual(["annotated.mp4#t=2.00", "annotated.mp4#t=4.00", "annotated.mp4#t=6.00"]);
  expect(await page.locator(".strips.wide a").count()).toBe(3);
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await ground()).not.toBe(light);
  await keepPicture(await open({ width: 390, colorScheme: "dark" }), "report-narrow");
});

test("without a video beside it, moments are times and no links", async () => {
  await lab.addResult({ settings: { num_animals: 2 } }, ROWS);
  await run({ outputs: ["report"] } as unknown as TaskSettings);
  const page = await open();
  expect(await page.locator("a").count()).toBe(0);
  expect(await page.locator(".moments li").first().textContent()).toContain("0:02.0–0:03.0");
});

test("one animal and skipped frames; a number of animals that nobody gave", async () => {
  await lab.addResult({ num_frames: 30, settings: { num_animals: null, inference: { frame_skip: 2 } } }, Array.from({ length: 10 }, (_, n) => rowOf(3 * n, (3 * n) / 25, n === 4 ? [] : [{ id: "0", box: [0.1, 0.1, 0.2, 0.2] }])));
  const quality = await run();
  expect(quality).toMatchObject({ frames: 10, frame_step: 3, expected: { animals: 1, from: "most frames" }, complete: { frames: 9, share: 0.9 }, missing: { count: 1, seconds: 0.12 }, suspected_swaps: { count: 0, listed: [] } });
  const page = await open();
  expect(await page.locator("h2").allTextContents()).not.toContain("Distance between animals");
  expect(await page.locator("tbody td").allTextContents()).toEqual(["0", "90.0 %", "0.90", "0.0", "0.0", "0.0", "0:00.0"]);
});

test("no animal in any frame, and no frame at all", async () => {
  await lab.addResult({ settings: { num_animals: 2 } }, [0, 1, 2].map((n) => rowOf(n, n / 25, [])));
  expect(await run()).toMatchObject({ frames: 3, mean_score: null, complete: { share: 0 }, missing: { count: 1 }, animals: [] });
  expect(await (await open()).locator("h2").allTextContents()).toEqual(["Quality at a glance", "No animals"]);
  await lab.addResult({ settings: { num_animals: null } }, []);
  expect(await run()).toMatchObject({ frames: 0, last_frame: -1, expected: { animals: 0 }, missing: { count: 0 } });
  expect(await (await open()).locator("h2").count()).toBe(2);
});

test("of thousands of ids the report and quality.json stay small", async () => {
  await lab.addResult({ settings: { num_animals: null } }, Array.from({ length: 3000 }, (_, n) => rowOf(n, n / 25, [{ id: String(n), box: [0.1, 0.1, 0.2, 0.2] }, { id: String(n + 1), box: [0.5, 0.1, 0.6, 0.2] }])));
  const quality = await run();
  expect(quality.ids).toBe(3001);
  expect(quality.animals).toHaveLength(100);
  expect((await lab.storage.size(resultKeys(TASK, 1).report))!).toBeLessThan(300_000);
});
