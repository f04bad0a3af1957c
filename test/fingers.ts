import type { Page } from "playwright-core";

type Place = [number, number];

/** Fingers on a page, as the browser gets them from a touch screen; places in pixels of the window. */
export async function fingersOn(page: Page) {
  const session = await page.context().newCDPSession(page);
  const send = (type: "touchStart" | "touchMove" | "touchEnd", places: Place[]) => session.send("Input.dispatchTouchEvent", { type, touchPoints: places.map(([x, y], id) => ({ x, y, id })) });
  const steps = Array.from({ length: 8 }, (_, i) => (i + 1) / 8);
  return {
    async tap(at: Place): Promise<void> {
      await send("touchStart", [at]);
      await send("touchEnd", []);
    },
    async drag([x, y]: Place, [toX, toY]: Place): Promise<void> {
      await send("touchStart", [[x, y]]);
      for (const share of steps) await send("touchMove", [[x + (toX - x) * share, y + (toY - y) * share]]);
      await send("touchEnd", []);
    },
    /** One finger goes down, moves a little, then a second one; they go from so many pixels apart to so many. */
    async pinch([x, y]: Place, from: number, to: number): Promise<void> {
      const apart = (pixels: number): Place[] => [[x, y - pixels / 2], [x, y + pixels / 2]];
      await send("touchStart", [[x, y]]);
      for (const share of steps) await send("touchMove", [[x, y - (from / 2) * share]]);
      await send("touchStart", apart(from));
      for (const share of steps) await send("touchMove", apart(from + (to - from) * share));
      await send("touchEnd", [apart(to)[0]!]);
      await send("touchEnd", []);
    },
  };
}
