import { area, type Box } from "../../../../domain/boxes.ts";
import type { FrameLabels } from "../../../../domain/labels.ts";
import { colourOf, createAnimal, isCoarse } from "./animal-node.ts";
import type { Commands } from "./commands.ts";
import { Layer, Picture, Rect, Stage, Transformer } from "./konva.ts";
import { boxOf, MIN_SIDE, titleOf } from "./objects.ts";
import { listenToPointer } from "./pointer.ts";
import type { LabelState, LabelStore } from "./store.ts";
import { createView } from "./view.ts";

export type LabelCanvas = ReturnType<typeof createCanvas>;

/** The picture with its animals in `container`; draws itself anew when the store changes. */
export function createCanvas(options: { container: HTMLDivElement; store: LabelStore; commands: Commands; imageOf: (frame: number) => Promise<HTMLImageElement>; onImageError: (frame: number) => void }) {
  const { container, store, commands } = options;
  const stage = new Stage({ container, width: container.clientWidth, height: container.clientHeight });
  const back = new Layer({ listening: false });
  const front = new Layer();
  // What is in the hand has a layer of its own: fifty other animals need not be drawn for each move.
  const hand = new Layer();
  const picture = new Picture({ image: undefined });
  back.add(picture);
  stage.add(back, front, hand);
  const view = createView({ stage, onChange: () => draw() });

  const handles = new Transformer({
    rotateEnabled: false,
    keepRatio: false,
    flipEnabled: false,
    ignoreStroke: true,
    borderEnabled: false,
    anchorSize: isCoarse() ? 18 : 9,
    anchorCornerRadius: 2,
    anchorStrokeWidth: 1.5,
    boundBoxFunc: (before, after) => {
      const labels = store.current();
      if (labels === null) return before;
      const [left, top] = [stage.x(), stage.y()];
      const [right, bottom] = [left + labels.width * stage.scaleX(), top + labels.height * stage.scaleY()];
      const x = Math.max(left, after.x);
      const y = Math.max(top, after.y);
      const width = Math.min(right, after.x + after.width) - x;
      const height = Math.min(bottom, after.y + after.height) - y;
      return width < MIN_SIDE * stage.scaleX() || height < MIN_SIDE * stage.scaleY() ? before : { ...after, x, y, width, height };
    },
  });

  /** Which picture is asked for, and which one is there: labels are never drawn over another frame's picture. */
  let askedFrame: number | null = null;
  let pictureFrame: number | null = null;
  let drawn: { labels: FrameLabels | null; state: LabelState; scale: number } | null = null;

  function sameDrawing(labels: FrameLabels | null, state: LabelState): boolean {
    return drawn !== null && drawn.labels?.objects === labels?.objects && drawn.labels?.frame === labels?.frame && drawn.scale === stage.scaleX() && (["selected", "keypoint", "tool", "names", "hidden"] as const).every((key) => drawn?.state[key] === state[key]) && drawn.state.task?.waiting === state.task?.waiting;
  }

  function draw(): void {
    const state = store.state();
    const labels = pictureFrame === state.frame ? store.current() : null;
    if (sameDrawing(labels, state)) return;
    // A hand that holds something is not disturbed; the end of the drag draws.
    if (stage.find(".animal, .keypoint").some((node) => node.isDragging()) || handles.isTransforming()) return;
    drawn = { labels, state, scale: stage.scaleX() };
    handles.nodes([]);
    handles.remove();
    front.destroyChildren();
    hand.destroyChildren();
    for (const layer of [front, hand]) layer.visible(!state.hidden);
    container.style.cursor = state.tool.kind === "select" ? "" : "crosshair";
    container.dataset["frame"] = String(labels?.frame ?? "");
    if (labels === null || state.task === null) return;
    const { task } = state;
    const editable = task.waiting && state.tool.kind === "select";
    // Small ones above large ones, the selected one on top: everything can be reached.
    const order = labels.objects.map((object, index) => ({ object, index })).toSorted((a, b) => Number(a.object.id === state.selected) - Number(b.object.id === state.selected) || area(boxOf(b.object)) - area(boxOf(a.object)));
    for (const { object, index } of order) {
      const selected = object.id === state.selected;
      const animal = createAnimal({
        object,
        title: titleOf(object, index),
        colour: colourOf(object, index, task.classes),
        size: labels,
        keypoints: task.keypoints,
        skeleton: task.skeleton,
        selected,
        keypoint: state.keypoint,
        scale: stage.scaleX(),
        names: state.names,
        editable,
        commands,
      });
      animal.group.listening(state.tool.kind === "select");
      (selected ? hand : front).add(animal.group);
      animal.group.on("dragstart", () => animal.group.moveTo(hand));
      if (selected && editable) attach(object.id, animal.box, colourOf(object, index, task.classes));
    }
  }

  function attach(id: string, rect: Rect, colour: string): void {
    hand.add(handles);
    handles.anchorStroke(colour);
    handles.nodes([rect]);
    rect.on("transformend", () => {
      const next: Box = [rect.x(), rect.y(), rect.x() + rect.width() * rect.scaleX(), rect.y() + rect.height() * rect.scaleY()];
      rect.scale({ x: 1, y: 1 });
      commands.resize(id, next);
    });
  }

  async function showImage(): Promise<void> {
    const { frame } = store.state();
    if (frame === null || frame === askedFrame) return;
    askedFrame = frame;
    try {
      const image = await options.imageOf(frame);
      if (store.state().frame !== frame) return;
      const newSize = picture.width() !== image.naturalWidth || picture.height() !== image.naturalHeight;
      picture.setAttrs({ image, width: image.naturalWidth, height: image.naturalHeight });
      pictureFrame = frame;
      if (newSize) view.setPicture({ width: image.naturalWidth, height: image.naturalHeight });
      draw();
    } catch {
      if (store.state().frame === frame) {
        askedFrame = null;
        options.onImageError(frame);
      }
    }
  }

  const stopPointer = listenToPointer({
    stage,
    view,
    store,
    commands,
    ghost: () => {
      const rect = new Rect({ stroke: "#0ea5e9", strokeWidth: 2, strokeScaleEnabled: false, fill: "#0ea5e922", listening: false });
      hand.add(rect);
      return rect;
    },
  });
  const stopWatching = store.subscribe(() => {
    void showImage();
    draw();
  });
  const sized = new ResizeObserver(() => {
    stage.size({ width: container.clientWidth, height: container.clientHeight });
    view.resized();
  });
  sized.observe(container);
  void showImage();
  draw();

  return {
    /** 1 leaves it as it is. The picture alone: labels keep their colours. */
    setLight({ brightness, contrast }: { brightness: number; contrast: number }): void {
      back.getNativeCanvasElement().style.filter = brightness === 1 && contrast === 1 ? "" : `brightness(${brightness}) contrast(${contrast})`;
    },
    fit: view.fit,
    zoomBy: view.zoomBy,
    destroy(): void {
      stopPointer();
      stopWatching();
      sized.disconnect();
      handles.destroy();
      stage.destroy();
    },
  };
}
