import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { INPUT, makeLab, rowOf, type Lab } from "../activities/results/results.test-suite.ts";
import { startBrowser } from "./browser.ts";

let lab: Lab;
let browser: Browser;
beforeAll(async () => {
  lab = await makeLab();
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await lab.remove();
});

it("the annotated video plays in Chromium, also over the seam between its pieces", async () => {
  // Three pieces of a hundred seconds.
  await lab.addVideo({ args: ["-f", "lavfi", "-i", "testsrc2=s=160x96:r=1", "-frames:v", "300", "-g", "20"], width: 160, height: 96, fps: 1 });
  await lab.addResult({ fps: 1 }, Array.from({ length: 300 }, (_, n) => rowOf(n, n, [{ id: "0", box: [0.2, 0.2, 0.6, 0.6] }])));
  const { key } = await lab.run(lab.steps.annotateVideo, { ...INPUT, settings: {} as never });
  const bytes = await readFile(await lab.storage.localPath(key));
  // faststart: what is needed to play lies before the pictures.
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));

  const page = await browser.newPage();
  await page.setContent('<video muted playsinline></video>');
  const played = await page.evaluate(async (source) => {
    const element = document.querySelector("video")!;
    const seeked = (time: number): Promise<void> => new Promise((resolve, reject) => {
      element.addEventListener("seeked", () => resolve(), { once: true });
      element.addEventListener("error", () => reject(new Error(element.error?.message ?? "cannot be played")), { once: true });
      element.currentTime = time;
    });
    await new Promise<void>((resolve, reject) => {
      element.addEventListener("loadeddata", () => resolve(), { once: true });
      element.addEventListener("error", () => reject(new Error(element.error?.message ?? "cannot be played")), { once: true });
      element.src = source;
    });
    const { videoWidth, videoHeight, duration } = element;
    // Over the seam between two pieces.
    await seeked(99.5);
    element.playbackRate = 4;
    await element.play();
    await new Promise<void>((resolve) => {
      element.addEventListener("timeupdate", () => element.currentTime > 101 && resolve());
    });
    element.pause();
    return { videoWidth, videoHeight, duration, at: element.currentTime };
  }, `data:video/mp4;base64,${bytes.toString("base64")}`);
  expect(played).toEqual({ videoWidth: 160, videoHeight: 96, duration: expect.closeTo(300, 0), at: expect.any(Number) });
  expect(played.at).toBeGreaterThan(101);
});
