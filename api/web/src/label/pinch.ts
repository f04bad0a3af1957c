import type { Stage } from "./konva.ts";
import type { View } from "./view.ts";

/** Two fingers move and zoom the picture. What the first one had begun (a drag, a box) is taken back. */
export function listenToPinch(options: { stage: Stage; view: View; placeOf: (event: MouseEvent) => [number, number]; onBegin: () => void }) {
  const { stage, view, placeOf } = options;
  const container = stage.container();
  const fingers = new Map<number, [number, number]>();
  /** From the second finger on until the last one is lifted: a finger that stays is not a new gesture. */
  let active = false;

  const middle = (): { x: number; y: number; apart: number } => {
    const [[ax, ay], [bx, by]] = [...fingers.values()] as [[number, number], [number, number]];
    return { x: (ax + bx) / 2, y: (ay + by) / 2, apart: Math.max(1, Math.hypot(ax - bx, ay - by)) };
  };

  const onDown = (event: PointerEvent): void => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, placeOf(event));
    if (fingers.size !== 2) return;
    active = true;
    for (const node of stage.find(".animal, .keypoint")) {
      if (!node.isDragging()) continue;
      node.position(node.getAttr("home") as { x: number; y: number });
      node.stopDrag();
    }
    options.onBegin();
  };
  const onMove = (event: PointerEvent): void => {
    if (!fingers.has(event.pointerId)) return;
    if (fingers.size !== 2 || !active) return void fingers.set(event.pointerId, placeOf(event));
    const before = middle();
    fingers.set(event.pointerId, placeOf(event));
    const now = middle();
    view.zoomAt(before.x, before.y, now.apart / before.apart, [now.x - before.x, now.y - before.y]);
  };
  const onUp = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    // Not at once: the touch that ends with this pointer comes after it.
    if (fingers.size === 0) setTimeout(() => (active = false));
  };
  /** Konva hears fingers by touch events: none of a pinch may reach it. */
  const onTouch = (event: TouchEvent): void => {
    if (active || event.touches.length > 1) event.stopPropagation();
  };

  const ended = new AbortController();
  const { signal } = ended;
  container.addEventListener("pointerdown", onDown, { capture: true, signal });
  for (const name of ["touchstart", "touchmove", "touchend"] as const) container.addEventListener(name, onTouch, { capture: true, passive: true, signal });
  window.addEventListener("pointermove", onMove, { capture: true, signal });
  // After everybody else has heard it: the end of a pinch is nobody's tap.
  for (const name of ["pointerup", "pointercancel"] as const) window.addEventListener(name, onUp, { signal });
  return { active: (): boolean => active, stop: (): void => ended.abort() };
}
