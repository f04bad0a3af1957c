import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { workflowIdOf } from "../domain/ids.ts";
import { startBrowser } from "../test/browser.ts";

/**
 * The pictures of docs/images that show a demo which has ended and still runs (`npm run demo`):
 *
 *     npx tsx scripts/pictures.ts --url http://127.0.0.1:8080 --task TASK_ID [--temporal http://127.0.0.1:8233] [--only NAME]
 *
 * The others show what a demo does not have: Label Studio, and a frame that was sent back.
 */

const { values: flags } = parseArgs({ options: { url: { type: "string", default: "http://127.0.0.1:8080" }, task: { type: "string" }, temporal: { type: "string", default: "http://127.0.0.1:8233" }, folder: { type: "string", default: "docs/images" }, only: { type: "string", multiple: true } } });
if (flags.task === undefined) throw new Error("--task: whose pages?");
const { url, task, temporal, folder, only } = flags;

/** `of`: the part of the page that is shown; the whole page without it. */
interface Picture {
  name: string;
  path: string;
  ready: (page: Page) => Promise<unknown>;
  of?: string;
  width?: number;
  height?: number;
  dark?: boolean;
}

/** Around a part of a page. */
const MARGIN = 16;

const video = async (page: Page): Promise<void> => {
  // A frame in the middle instead of the first.
  await page.locator("video").evaluate(async (element) => {
    const shown = element as HTMLVideoElement;
    await new Promise((done) => (shown.readyState >= 1 ? done(null) : shown.addEventListener("loadedmetadata", done, { once: true })));
    shown.currentTime = shown.duration * 0.3;
    await new Promise((done) => shown.addEventListener("seeked", done, { once: true }));
  });
  // Until the sign that it is loading has gone.
  await page.waitForTimeout(2000);
};
const results = async (page: Page): Promise<void> => {
  await page.locator(".quality").waitFor();
  await video(page);
};
/** The two that tell most: the history as a time line, and the table of the steps. */
const history = (page: Page): Promise<void> => page.getByText("trainModel").first().waitFor();
const details = async (page: Page): Promise<void> => {
  await page.getByText("User Metadata", { exact: true }).click();
  // Markdown is shown in frames of its own.
  await page.locator("iframe").last().contentFrame().getByText("what came of it").waitFor();
};
const workflow = `${temporal}/namespaces/default/workflows/${workflowIdOf(task)}`;
const canvas = (page: Page): Promise<void> => page.locator(".canvas[data-frame]").waitFor();

const PICTURES: Picture[] = [
  { name: "task", path: `/task/${task}`, ready: results, height: 1500 },
  { name: "results", path: `/task/${task}`, ready: results, of: ".results" },
  { name: "training", path: `/task/${task}`, ready: (page) => page.getByRole("img", { name: /^Losses: / }).waitFor(), of: ".steps li:has(.curves)" },
  { name: "models", path: "/model", ready: (page) => page.getByRole("article", { name: task }).waitFor(), height: 480 },
  { name: "label", path: `/label/${task}`, ready: canvas, height: 860 },
  { name: "label-dark", path: `/label/${task}`, ready: canvas, height: 860, dark: true },
  { name: "temporal", path: workflow, ready: history, height: 1360 },
  { name: "temporal-steps", path: workflow, ready: details, height: 860 },
  { name: "label-tablet", path: `/label/${task}`, ready: canvas, width: 820, height: 1180 },
];

const browser = await startBrowser();
try {
  for (const { name, path, ready, of, width = 1280, height, dark = false } of PICTURES) {
    if (only?.includes(name) === false) continue;
    const page = await browser.newPage({ viewport: { width, height: height ?? 860 }, colorScheme: dark ? "dark" : "light" });
    await page.goto(new URL(path, url).href);
    await ready(page);
    const file = { path: `${folder}/${name}.png` };
    if (of === undefined) await page.screenshot({ ...file, fullPage: height === undefined });
    else {
      const part = (await page.locator(of).first().boundingBox())!;
      await page.screenshot({ ...file, fullPage: true, clip: { x: part.x - MARGIN, y: part.y - MARGIN, width: part.width + 2 * MARGIN, height: part.height + 2 * MARGIN } });
    }
    await page.close();
    console.log(file.path);
  }
} finally {
  await browser.close();
}
