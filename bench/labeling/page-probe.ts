import type { BrowserContext } from "playwright-core";

/** What the page shows when, noted inside the page, so that no round trip to this process counts. Milliseconds after the navigation began. */
export interface Opened {
  /** The first frame's picture with its labels on the canvas. */
  labels: number;
  /** One entry for each frame in the filmstrip. */
  filmstrip: number;
  /** Every picture of the filmstrip that can be seen without scrolling. */
  thumbnails: number;
}

declare global {
  interface Window {
    benchOpened: Partial<Opened>;
    benchDrawn: { time: number; draws: number }[] | null;
  }
}

/** tsx wraps named functions in a helper that a page does not have. */
const addHelper = (context: BrowserContext): Promise<unknown> => context.addInitScript("globalThis.__name = (named) => named;");

/** From the first script of the page on; polled at each animation frame, with one more for the drawing itself. */
export async function noteOpening(context: BrowserContext, frames: number): Promise<void> {
  await addHelper(context);
  await context.addInitScript((count) => {
    window.benchOpened = {};
    const seen = window.benchOpened;
    const note = (name: keyof Opened, holds: () => boolean): void => {
      if (seen[name] === undefined && holds()) requestAnimationFrame(() => (seen[name] ??= performance.now()));
    };
    const look = (): void => {
      note("labels", () => (document.querySelector<HTMLElement>(".canvas")?.dataset["frame"] ?? "") !== "");
      note("filmstrip", () => document.querySelectorAll(".filmstrip .film").length === count);
      note("thumbnails", () => {
        const strip = document.querySelector(".filmstrip")?.getBoundingClientRect();
        if (strip === undefined || seen.filmstrip === undefined) return false;
        const pictures = [...document.querySelectorAll<HTMLImageElement>(".filmstrip img")].filter((image) => {
          const { left, right } = image.getBoundingClientRect();
          return right > strip.left && left < strip.right;
        });
        return pictures.length > 0 && pictures.every((image) => image.complete && image.naturalWidth > 0);
      });
      if (seen.labels === undefined || seen.thumbnails === undefined) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, frames);
}

/** Counts how often each canvas of the page is cleared, which is how a drawing begins, for each animation frame while `benchDrawn` is a list. */
export async function noteDrawing(context: BrowserContext): Promise<void> {
  await addHelper(context);
  await context.addInitScript(() => {
    window.benchDrawn = null;
    let draws = 0;
    const { prototype } = CanvasRenderingContext2D;
    prototype.clearRect = new Proxy(Reflect.get(prototype, "clearRect"), {
      apply: (clear, drawing: CanvasRenderingContext2D, area: [number, number, number, number]) => {
        if (drawing.canvas.isConnected) draws += 1;
        Reflect.apply(clear, drawing, area);
      },
    });
    const tick = (time: number): void => {
      window.benchDrawn?.push({ time, draws });
      draws = 0;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
}
