import type { Stage } from "./konva.ts";
import type { Size } from "./objects.ts";

const FARTHEST = 0.05;
const NEAREST = 40;
const MARGIN = 12;

export type View = ReturnType<typeof createView>;

/** Which part of the picture is seen, and how large. Kept from frame to frame. */
export function createView(options: { stage: Stage; onChange: () => void }) {
  const { stage } = options;
  let picture: Size | null = null;
  // Until somebody zooms or pans, the picture follows the window.
  let fitted = true;

  const changed = (): void => {
    const { dataset } = stage.container();
    // For whoever has to find a place of the picture on the screen: tests, and assistive scripts.
    dataset["scale"] = String(stage.scaleX());
    dataset["x"] = String(stage.x());
    dataset["y"] = String(stage.y());
    options.onChange();
    stage.batchDraw();
  };
  const fit = (): void => {
    if (picture === null || stage.width() === 0) return;
    fitted = true;
    const scale = Math.min((stage.width() - 2 * MARGIN) / picture.width, (stage.height() - 2 * MARGIN) / picture.height);
    stage.scale({ x: scale, y: scale });
    stage.position({ x: (stage.width() - picture.width * scale) / 2, y: (stage.height() - picture.height * scale) / 2 });
    changed();
  };
  /** The place under the pointer stays under it, wherever that is moved to. */
  const zoomAt = (x: number, y: number, factor: number, [dx, dy]: [number, number] = [0, 0]): void => {
    const before = stage.scaleX();
    const scale = Math.min(NEAREST, Math.max(FARTHEST, before * factor));
    fitted = false;
    stage.position({ x: x - ((x - stage.x()) * scale) / before + dx, y: y - ((y - stage.y()) * scale) / before + dy });
    stage.scale({ x: scale, y: scale });
    changed();
  };
  return {
    setPicture(size: Size): void {
      picture = size;
      fit();
    },
    resized(): void {
      if (fitted) fit();
      else changed();
    },
    fit,
    zoomAt,
    zoomBy: (factor: number): void => zoomAt(stage.width() / 2, stage.height() / 2, factor),
    pan(dx: number, dy: number): void {
      fitted = false;
      stage.position({ x: stage.x() + dx, y: stage.y() + dy });
      changed();
    },
    /** From the screen to the picture. */
    toPicture: (x: number, y: number): [number, number] => [(x - stage.x()) / stage.scaleX(), (y - stage.y()) / stage.scaleY()],
  };
}
