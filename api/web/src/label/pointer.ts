import type { Commands } from "./commands.ts";
import type { Rect, Stage } from "./konva.ts";
import type { LabelStore } from "./store.ts";
import type { View } from "./view.ts";

/** Shorter than this on the screen, a drag is a click; pixels. */
const CLICK = 4;

/** What the pointer does besides moving animals: draw a box, place keypoints, pan, zoom. */
export function listenToPointer(options: { stage: Stage; view: View; store: LabelStore; commands: Commands; ghost: () => Rect }): () => void {
  const { stage, view, store, commands } = options;
  const container = stage.container();
  let space = false;
  let gesture: { kind: "pan"; x: number; y: number } | { kind: "draw"; from: [number, number]; x: number; y: number; ghost: Rect } | null = null;

  const placeOf = (event: PointerEvent | WheelEvent): [number, number] => {
    const edge = container.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };

  // In the capture phase: a pan or a keypoint must not reach the animals below.
  const onDown = (event: PointerEvent): void => {
    const [x, y] = placeOf(event);
    const { tool } = store.state();
    if (event.button === 1 || (event.button === 0 && space)) {
      event.preventDefault();
      event.stopPropagation();
      gesture = { kind: "pan", x, y };
      container.style.cursor = "grabbing";
    } else if (event.button === 0 && tool.kind === "place") {
      event.stopPropagation();
      const [px, py] = view.toPicture(x, y);
      commands.placeHere(px, py, event.shiftKey ? 1 : 2);
    } else if (event.button === 0 && tool.kind === "draw") {
      event.stopPropagation();
      startDrawing(x, y);
    }
  };
  const startDrawing = (x: number, y: number): void => {
    if (store.state().task?.waiting !== true || store.current() === null) return;
    gesture = { kind: "draw", from: view.toPicture(x, y), x, y, ghost: options.ghost() };
  };
  stage.on("pointerdown", (event) => {
    if (gesture !== null || event.evt.button !== 0 || (event.target as unknown) !== stage) return;
    startDrawing(...placeOf(event.evt));
  });

  const onMove = (event: PointerEvent): void => {
    if (gesture === null) return;
    const [x, y] = placeOf(event);
    if (gesture.kind === "pan") {
      view.pan(x - gesture.x, y - gesture.y);
      gesture = { kind: "pan", x, y };
      return;
    }
    const [px, py] = view.toPicture(x, y);
    const [fx, fy] = gesture.from;
    gesture.ghost.setAttrs({ x: Math.min(fx, px), y: Math.min(fy, py), width: Math.abs(px - fx), height: Math.abs(py - fy) });
  };
  const onUp = (event: PointerEvent): void => {
    const done = gesture;
    gesture = null;
    if (done === null) return;
    if (done.kind === "pan") {
      container.style.cursor = space ? "grab" : "";
      return;
    }
    done.ghost.destroy();
    const [x, y] = placeOf(event);
    if (event.type === "pointercancel") return;
    if (Math.abs(x - done.x) < CLICK || Math.abs(y - done.y) < CLICK) commands.escape();
    else commands.add([...done.from, ...view.toPicture(x, y)]);
  };
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    // Lines (1) or pixels (0); a notch is about a tenth nearer.
    const notches = (event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY) / 100;
    view.zoomAt(...placeOf(event), 1.12 ** -Math.max(-4, Math.min(4, notches)));
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== " ") return;
    if ((event.target as HTMLElement | null)?.closest("button, a, input, textarea, select, summary, dialog") != null) return;
    event.preventDefault();
    space = event.type === "keydown";
    if (gesture === null) container.style.cursor = space ? "grab" : "";
  };

  container.addEventListener("pointerdown", onDown, true);
  container.addEventListener("wheel", onWheel, { passive: false });
  window.addEventListener("pointermove", onMove);
  window.addEventListener("pointerup", onUp);
  window.addEventListener("pointercancel", onUp);
  window.addEventListener("keydown", onKey);
  window.addEventListener("keyup", onKey);
  return () => {
    container.removeEventListener("pointerdown", onDown, true);
    container.removeEventListener("wheel", onWheel);
    window.removeEventListener("pointermove", onMove);
    window.removeEventListener("pointerup", onUp);
    window.removeEventListener("pointercancel", onUp);
    window.removeEventListener("keydown", onKey);
    window.removeEventListener("keyup", onKey);
  };
}
