import { dirname, join } from "node:path";
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { longStep } from "../activities/step-context.ts";
import { send, startLab, type Lab } from "../api/lab.test-suite.ts";
import { openPage, startBrowser } from "./browser.ts";

/** A task's page follows its task by events; it does not ask again and again. */

const EPOCHS = 40;
let lab: Lab;
let browser: Browser;
let epoch = 0;
let end = (): void => {};

beforeAll(async () => {
  lab = await startLab({
    activities: () => ({
      importDataset: async () => ({ dataKey: "d", manifestKey: "m", train: 40, val: 8, boxes: 90, notes: [] }),
      trainModel: () =>
        longStep(async ({ report, signal }) => {
          const timer = setInterval(() => report({ done: (epoch += 1), total: EPOCHS, unit: "epochs" }), 500);
          await new Promise<void>((resolve) => {
            end = resolve;
            signal.addEventListener("abort", () => resolve());
          });
          clearInterval(timer);
          return { modelKey: "k", resultsKey: "r", epochs: EPOCHS, bestEpoch: 22, base: "from scratch", task: "detect", imgsz: 320, metrics: { box_map50: 0.75 }, notes: [] };
        }),
    }),
  });
  await lab.startWorkers();
  browser = await startBrowser();
});
afterAll(async () => {
  end();
  await browser?.close();
  await lab?.stop();
});

it("shows each progress without a question, goes on after the API was away, and shows the end", async () => {
  const start = () => lab.app({ webRoot: fileURLToPath(new URL("../api/web/dist", import.meta.url)) });
  let app = await start();
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const folder = join(dirname(lab.video), "mice");
  await mkdir(folder);
  await writeFile(join(folder, "data.yaml"), "train: images/train\nval: images/val\nnames: [mouse]\n");
  const runId = (await send(app, "POST", "/training", { body: { data_path: folder, mode_train_info: { epochs: EPOCHS } } })).body["run_id"] as string;

  const { page, errors } = await openPage(browser);
  let questions = 0;
  page.on("request", (request) => (questions += request.url().includes("/status/") ? 1 : 0));
  await page.goto(`${url}/task/${runId}`);
  const shown = async (): Promise<number> => Number(/(\d+) of 40 epochs/.exec((await page.locator(".step-running .step-note").allTextContents()).join(" "))?.[1] ?? 0);
  await expect.poll(shown, { timeout: 20_000 }).toBeGreaterThan(0);
  const [before, from] = [questions, await shown()];
  await expect.poll(shown, { timeout: 20_000 }).toBeGreaterThan(from + 6);
  expect(questions - before).toBe(0);

  const port = Number(new URL(url).port);
  await app.close();
  await page.getByText("The server cannot be reached.").waitFor();
  app = await start();
  await app.listen({ port, host: "127.0.0.1" });
  await expect.poll(() => page.getByText("The server cannot be reached.").count(), { timeout: 20_000 }).toBe(0);
  const back = await shown();
  await expect.poll(shown, { timeout: 20_000 }).toBeGreaterThan(back);

  end();
  await page.getByText("0.75").first().waitFor();
  expect(await page.locator(".step-running").count()).toBe(0);
  expect(errors.filter((error) => !/WebSocket connection to .* failed/.test(error))).toEqual([]);
});
