import { mkdir } from "node:fs/promises";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { readTools } from "../scripts/tools.ts";

/** What set-up installed; a new profile for each start, nothing fetched from outside. */
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Throws with what to do where there is no browser. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = readTools().chromium;
  if (executablePath === undefined || executablePath === null) throw new Error("there is no Chromium for the tests of the pages: run `bash scripts/setup.sh --test`");
  return await chromium.launch({ executablePath, args: ARGS });
}

/** A page, and all that went wrong in it: script errors, and what the content security policy refused. */
export async function openPage(browser: Browser, options: { colorScheme?: "light" | "dark"; context?: BrowserContext } = {}): Promise<{ page: Page; errors: string[] }> {
  const context = options.context ?? await browser.newContext({ viewport: { width: 1360, height: 860 }, colorScheme: options.colorScheme ?? "light" });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // A refused request is no error of the page: it shows what the server says.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
  });
  return { page, errors };
}

/** Places of the picture on the screen; the canvas says how it shows the picture. */
export function pictureOn(page: Page) {
  const canvas = page.locator(".canvas");
  const place = async (x: number, y: number): Promise<[number, number]> => {
    const edge = await canvas.boundingBox();
    const view = await canvas.evaluate((element) => {
      const shown = (element as HTMLElement).dataset;
      return { x: Number(shown["x"]), y: Number(shown["y"]), scale: Number(shown["scale"]) };
    });
    if (edge === null) throw new Error("the canvas is not shown");
    return [edge.x + view.x + x * view.scale, edge.y + view.y + y * view.scale];
  };
  return {
    place,
    /** Waits until this frame is shown, with its labels. */
    shows: (frame: number) => page.locator(`.canvas[data-frame="${frame}"]`).waitFor(),
    click: async (x: number, y: number): Promise<void> => page.mouse.click(...(await place(x, y))),
    async drag(from: [number, number], to: [number, number]): Promise<void> {
      await page.mouse.move(...(await place(...from)));
      await page.mouse.down();
      await page.mouse.move(...(await place((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)), { steps: 4 });
      await page.mouse.move(...(await place(...to)), { steps: 4 });
      await page.mouse.up();
    },
  };
}

/** A picture of the page for whoever looks into a failed run; the folder is not part of the repository. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  await mkdir("test/artifacts", { recursive: true });
  await page.screenshot({ path: `test/artifacts/${name}.png` });
}
