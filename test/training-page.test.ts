import { dirname, join } from "node:path";
import { mkdir, writeFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { longStep } from "../activities/step-context.ts";
import { send, startLab, type Lab } from "../api/lab.test-suite.ts";
import { trainKeys } from "../domain/layout.ts";
import type { TrainInput } from "../domain/steps.ts";
import { keepPicture, openPage, startBrowser } from "./browser.ts";

/** The curves of a training on its page, in a real browser, whenever it is opened. The trainer's figures are made up. */

const EPOCHS = 24;
const DONE = 15;
const HEADER = "epoch,time,train/box_loss,train/pose_loss,train/cls_loss,metrics/precision(B),metrics/mAP50(B),metrics/mAP50-95(B),metrics/mAP50(P),val/box_loss,lr/pg0";
const rows = (count: number): string =>
  [HEADER, ...Array.from({ length: count }, (_, e) => [e + 1, 2 * e, 0.8 + 3 * Math.exp(-e / 5), 30 * Math.exp(-e / 4) + 0.5, 0.5 + 3 * Math.exp(-e / 3), 0.9, 1 - Math.exp(-e / 5), 0.9 - 0.9 * Math.exp(-e / 7), 1 - Math.exp(-e / 6), 1 + 3 * Math.exp(-e / 5), 0.001].join(","))].join("\n");

let lab: Lab;
let browser: Browser;
let page: Page;
let errors: string[];
let url: string;
let runId: string;
let end = (): void => {};

beforeAll(async () => {
  lab = await startLab({
    activities: (storage) => ({
      importDataset: async () => ({ dataKey: "d", manifestKey: "m", train: 40, val: 8, boxes: 90, notes: [] }),
      trainModel: ({ taskId }: TrainInput) =>
        longStep(async ({ report, signal }) => {
          const keys = trainKeys(taskId, 1);
          const key = `${keys.checkpoint(DONE - 1)}results.csv`;
          await storage.put(key, rows(DONE));
          await storage.put(keys.run, JSON.stringify({ checkpoints: [{ epoch: DONE - 1, files: [{ key }] }] }));
          report({ done: DONE + 0.5, total: EPOCHS, unit: "epochs", message: `epoch ${DONE + 1} of ${EPOCHS}, batch 8 of 16`, figures: { box_loss: 0.95, images_per_s: 212.4, seconds_left: 83, box_map50: 0.95, batch: 32 } });
          await new Promise<void>((resolve) => {
            end = resolve;
            signal.addEventListener("abort", () => resolve());
          });
          await storage.put(keys.resultsCsv, rows(EPOCHS));
          await storage.put(keys.reportHtml, "<!doctype html><title>How it went</title><script>document.title = 'ran'</script><h1>Training</h1>");
          return { modelKey: keys.model, resultsKey: keys.resultsCsv, epochs: EPOCHS, bestEpoch: 22, base: "from scratch", task: "pose", imgsz: 320, metrics: { box_map50: 0.99 }, notes: [] };
        }),
    }),
  });
  await lab.startWorkers();
  const app = await lab.app({ webRoot: join(process.cwd(), "api/web/dist") });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
  const folder = join(dirname(lab.video), "mice");
  await mkdir(folder);
  await writeFile(join(folder, "data.yaml"), "train: images/train\nval: images/val\nnames: [mouse]\n");
  runId = (await send(app, "POST", "/training", { body: { data_path: folder, mode_train_info: { epochs: EPOCHS } } })).body["run_id"] as string;
  browser = await startBrowser();
  ({ page, errors } = await openPage(browser));
});
afterAll(async () => {
  end();
  await browser?.close();
  await lab?.stop();
});
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await keepPicture(page, task.name.replaceAll(/\W+/g, "-"));
});

test("shows accuracy and losses over all epochs so far, with axes and units, in both languages", async () => {
  await page.goto(`${url}/task/${runId}`);
  const accuracy = page.getByRole("img", { name: /^Accuracy on the validation images: / });
  await accuracy.waitFor();
  expect(await accuracy.locator("text").allTextContents()).toEqual(expect.arrayContaining(["0", "0.5", "1", "24", "epoch", "mAP (0 to 1)"]));
  expect(await accuracy.locator("polyline").count()).toBe(3);
  const losses = page.getByRole("img", { name: /^Losses: / });
  expect(await losses.locator("text").allTextContents()).toEqual(expect.arrayContaining(["10", "100", "loss (logarithmic)"]));
  expect((await losses.locator("polyline").first().getAttribute("points"))!.split(" ")).toHaveLength(DONE);
  await page.getByText("epoch 16 of 24, batch 8 of 16").waitFor();
  await page.getByText("1 min 23 s").waitFor();
  await keepPicture(page, "training-en");

  await page.locator(".language").selectOption("ko");
  await page.getByText("검증 이미지 정확도").waitFor();
  await page.getByText("손실 (로그 축)").waitFor();
  await keepPicture(page, "training-ko");
});

test("keeps them after the end, and opens the report, in which nothing runs", async () => {
  await page.locator(".language").selectOption("en");
  end();
  await page.getByRole("link", { name: "Training report" }).waitFor();
  await expect.poll(async () => (await page.getByRole("img", { name: /^Losses: / }).locator("polyline").first().getAttribute("points"))!.split(" ").length).toBe(EPOCHS);
  const [report] = await Promise.all([page.waitForEvent("popup"), page.getByRole("link", { name: "Training report" }).click()]);
  await report.getByRole("heading", { name: "Training" }).waitFor();
  expect(await report.title()).toBe("How it went");
  expect(errors).toEqual([]);
});
