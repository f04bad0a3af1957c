import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { FrameLabels, LabeledObject } from "../domain/labels.ts";
import { makeSample } from "../scripts/sample/make-sample.ts";
import { pictureOn } from "../test/browser.ts";
import type { Lab } from "../test/lab.ts";
import { commandOf, median, rounded, spreadOf, type Bench, type BenchContext, type Figure } from "./figure.ts";
import { noteDrawing, noteOpening, type Opened } from "./labeling/page-probe.ts";
import { waitingTask, withLab } from "./labeling/task.ts";

const OPEN = "label_page_open_s";
const DRAG = "label_drag_fps";
const FRAMES = 300;
const SIZE = { width: 1920, height: 1080 };
const VIEWPORT = { width: 1360, height: 860 };
const OPENINGS = 7;
const OBJECTS = 50;
const KEYPOINTS = 8;
const DRAGS = 5;
const DRAG_MS = 2500;

/** How long the labeling page takes to show a large task, and how smoothly it moves a box among many. */
export const bench: Bench = {
  names: [OPEN, DRAG],
  run: (context) =>
    withLab(async (lab, browser) => {
      const taskId = await waitingTask({
        lab,
        name: "large",
        video: await largeVideo(context),
        settings: { classes: ["mouse"], keypoints: Array.from({ length: KEYPOINTS }, (_, i) => `point ${i + 1}`), skeleton: Array.from({ length: KEYPOINTS - 1 }, (_, i) => [i, i + 1]), num_animals: 4, num_frames: FRAMES },
      });
      return [await opening(lab, browser, taskId), await dragging(lab, browser, taskId)];
    }),
};

async function largeVideo({ cache, say }: BenchContext): Promise<string> {
  const folder = join(cache, "sample-1080p");
  if (!existsSync(join(folder, "truth.json"))) {
    say("  making a video of 300 frames");
    await makeSample({ folder, seconds: FRAMES / 30, animals: 4, ...SIZE });
  }
  return join(folder, "sample.mp4");
}

/** A new browser profile each time: nothing is cached. The first opening warms the server up and does not count. */
async function opening(lab: Lab, browser: Browser, taskId: string): Promise<Figure> {
  const found: Opened[] = [];
  for (let n = 0; n <= OPENINGS; n += 1) {
    const context = await browser.newContext({ viewport: VIEWPORT });
    await noteOpening(context, FRAMES);
    const page = await context.newPage();
    await page.goto(`${lab.apiUrl}/label/${taskId}`);
    await page.waitForFunction(() => window.benchOpened.thumbnails !== undefined && window.benchOpened.labels !== undefined, undefined, { timeout: 60_000 });
    if (n > 0) found.push((await page.evaluate(() => window.benchOpened)) as Opened);
    await context.close();
  }
  const of = (name: keyof Opened): number => rounded(median(found.map((one) => one[name])) / 1000);
  const all = found.map((one) => Math.max(...Object.values<number>({ ...one })) / 1000);
  return {
    name: OPEN,
    value: rounded(median(all)),
    unit: "s",
    goal: 2,
    better: "lower",
    spread: spreadOf(all).map((value) => rounded(value)) as [number, number],
    command: commandOf(OPEN),
    note: `${FRAMES} frames of ${SIZE.width}x${SIZE.height}, cold cache, ${OPENINGS} openings; until the first frame's picture and labels are drawn (${of("labels")} s), the filmstrip has all frames (${of("filmstrip")} s) and those of its pictures that can be seen are loaded (${of("thumbnails")} s)`,
  };
}

/** One animal of many is moved round by the pointer at 60 moves a second. */
async function dragging(lab: Lab, browser: Browser, taskId: string): Promise<Figure> {
  const [first] = (await lab.api.get<{ frames: { frame: number }[] }>(`/labeling/${taskId}/frames`)).frames;
  const path = `/labeling/${taskId}/frames/${first?.frame ?? 0}`;
  const { version } = await lab.api.get<FrameLabels>(path);
  const objects = crowd();
  await lab.api.send("PUT", path, { version, reviewed: false, objects });
  const context = await browser.newContext({ viewport: VIEWPORT });
  await noteDrawing(context);
  const page = await context.newPage();
  await page.goto(`${lab.apiUrl}/label/${taskId}#${first?.frame ?? 0}`);
  await pictureOn(page).shows(first?.frame ?? 0);
  const rates: number[] = [];
  const waits: number[] = [];
  for (let n = 0; n <= DRAGS; n += 1) {
    const frames = await dragOnce(page, objects[n] as LabeledObject);
    if (n === 0) continue;
    const drawn = frames.filter(({ draws }) => draws > 0);
    const span = (frames.at(-1)?.time ?? 0) - (frames[0]?.time ?? 0);
    rates.push((drawn.length - 1) / (span / 1000));
    waits.push(Math.max(...drawn.slice(1).map(({ time }, i) => time - (drawn[i]?.time ?? time))));
  }
  await context.close();
  return {
    name: DRAG,
    value: rounded(median(rates), 1),
    unit: "frames/s",
    goal: 30,
    better: "higher",
    spread: spreadOf(rates).map((value) => rounded(value, 1)) as [number, number],
    command: commandOf(DRAG),
    note: `${OBJECTS} objects of ${KEYPOINTS} keypoints on ${SIZE.width}x${SIZE.height}, one of them dragged for ${DRAG_MS / 1000} s, ${DRAGS} times; animation frames in which the canvas was drawn, in software (no GPU); the longest wait between two: ${Math.round(Math.max(...waits))} ms`,
  };
}

/** Ten columns of five boxes, with their keypoints along the diagonal. */
function crowd(): LabeledObject[] {
  return Array.from({ length: OBJECTS }, (_, i) => {
    const [x, y] = [40 + (i % 10) * 185, 40 + Math.floor(i / 10) * 200];
    return { id: `crowd-${i}`, class: "mouse", box: [x, y, x + 140, y + 120], keypoints: Array.from({ length: KEYPOINTS }, (__, k) => [x + 15 + k * 14, y + 20 + k * 8, 2]), source: "person", confirmed: true };
  });
}

async function dragOnce(page: Page, { box: [x1 = 0, , , y2 = 0] }: LabeledObject): Promise<{ time: number; draws: number }[]> {
  const picture = pictureOn(page);
  // Left below the diagonal of its dots.
  const [x, y] = await picture.place(x1 + 25, y2 - 15);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate(() => (window.benchDrawn = []));
  const start = performance.now();
  for (let move = 0; performance.now() - start < DRAG_MS; move += 1) {
    // Not waited for: a hand does not wait for the page either.
    void page.mouse.move(x + 120 * Math.sin(move / 20) + 130, y + 100 * (1 - Math.cos(move / 25))).catch(() => undefined);
    await sleep(Math.max(0, (move + 1) * (1000 / 60) - (performance.now() - start)));
  }
  const frames = await page.evaluate(() => {
    const found = window.benchDrawn ?? [];
    window.benchDrawn = null;
    return found;
  });
  await page.mouse.up();
  return frames;
}
