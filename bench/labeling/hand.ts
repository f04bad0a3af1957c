import type { Page } from "playwright-core";
import { pictureOn } from "../../test/browser.ts";
import type { Step } from "./actions.ts";

/** Keys and pointer of the labeling page; places are pixels of the picture. */
export function createHand(page: Page) {
  const picture = pictureOn(page);
  /** A change is on the page two drawings after its key. */
  const drawn = (): Promise<unknown> => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(null)))));
  return {
    /** The frame is there, and the page has finished looking for its animals. */
    async shows(frame: number): Promise<void> {
      await picture.shows(frame);
      await page.locator('.canvas-frame[aria-busy="false"]').waitFor();
    },
    scale: (): Promise<number> => page.locator(".canvas").evaluate((element) => Number((element as HTMLElement).dataset["scale"])),
    async do(step: Step): Promise<void> {
      if (step.do === "key") await page.keyboard.press(step.key);
      else if (step.do === "drag") await picture.drag(step.from, step.to);
      else if (step.do === "click") {
        if (step.shift === true) await page.keyboard.down("Shift");
        await picture.click(...step.at);
        if (step.shift === true) await page.keyboard.up("Shift");
      }
      // A hand takes a second to travel on; the canvas has long been drawn by then, also the part that says what lies under the pointer.
      await drawn();
    },
    /** Until the server has what the page shows. */
    async saved(): Promise<void> {
      await page.locator('.canvas-frame[aria-busy="false"]').waitFor();
      await drawn();
      await page.waitForFunction(() => document.querySelector(".film-unsaved, .save-bad") === null, undefined, { timeout: 20_000 });
    },
  };
}
export type Hand = ReturnType<typeof createHand>;
