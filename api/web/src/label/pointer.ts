import type { Commands } from "./commands.ts";
import type { Rect, Stage } from "./konva.ts";
import { listenToPinch } from "./pinch.ts";
import type { LabelStore } from "./store.ts";
import type { View } from "./view.ts";

/** Shorter than this on the screen, a drag is a click; pixels. */
const CLICK = 4;

type Gesture = { kind: "pan"; x: number; y: number } | { kind: "draw"; from: [number, number]; x: number; y: number; ghost: Rect } | { kind: "tap"; x: number; y: number };

/** What the pointer does besides moving animals: draw a box, place keypoints, pan, zoom. */
export function listenToPointer(options: { stage: Stage; view: View; store: LabelStore; commands: Commands; ghost: () => Rect }): () => void {
  const { stage, view, store, commands } = options;
  const container = stage.container();
  let space = false;
  let gesture: Gesture | null = null;

  const placeOf = (event: MouseEvent): [number, number] => {
    const edge = container.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  const drop = (): void => {
    if (gesture?.kind === "draw") gesture.ghost.destroy();
    gesture = null;
  };
  const pinch = listenToPinch({ stage, view, placeOf, onBegin: drop });

  // In the capture phase: a pan or a keypoint must not reach the animals below.
  const onDown = (event: PointerEvent): void => {
    if (pinch.active()) return event.stopPropagation();
    const [x, y] = placeOf(event);
    const { tool } = store.state();
    if (event.button === 1 || (event.button === 0 && space)) {
      event.preventDefault();
      event.stopPropagation();
      gesture = { kind: "pan", x, y };
      container.style.cursor = "grabbing";
    } else if (event.button === 0 && tool.kind === "place") {
      event.stopPropagation();
      // A finger may be the first of two: it places when it is lifted.
      if (event.pointerType === "touch") gesture = { kind: "tap", x, y };
      else placeAt(x, y, event.shiftKey);
    } else if (event.button === 0 && tool.kind === "draw") {
      event.stopPropagation();
      startDrawing(x, y);
    }
  };
  const placeAt = (x: number, y: number, occluded: boolean): void => commands.placeHere(...view.toPicture(x, y), occluded ? 1 : 2);
  const startDrawing = (x: number, y: number): void => {
    if (store.state().task?.waiting !== true || store.current() === null) return;
    gesture = { kind: "draw", from: view.toPicture(x, y), x, y, ghost: options.ghost() };
  };
  stage.on("pointerdown", (event) => {
    if (gesture !== null || pinch.active() || event.evt.button !== 0 || (event.target as unknown) !== stage) return;
    startDrawing(...placeOf(event.evt));
  });

  const onMove = (event: PointerEvent): void => {
    if (gesture === null || gesture.kind === "tap") return;
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
    drop();
    if (done === null) return;
    const [x, y] = placeOf(event);
    const isClick = Math.abs(x - done.x) < CLICK || Math.abs(y - done.y) < CLICK;
    if (done.kind === "pan") container.style.cursor = space ? "grab" : "";
    else if (event.type === "pointercancel") return;
    else if (done.kind === "tap") placeAt(x, y, store.state().occluding);
    else if (isClick) commands.escape();
    else commands.drawn([...done.from, ...view.toPicture(x, y)]);
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

  const ended = new AbortController();
  const { signal } = ended;
  container.addEventListener("pointerdown", onDown, { capture: true, signal });
  container.addEventListener("wheel", onWheel, { passive: false, signal });
  window.addEventListener("pointermove", onMove, { signal });
  for (const name of ["pointerup", "pointercancel"] as const) window.addEventListener(name, onUp, { signal });
  for (const name of ["keydown", "keyup"] as const) window.addEventListener(name, onKey, { signal });
  return () => {
    ended.abort();
    pinch.stop();
  };
}
