import { Circle, Group, Label, Line, Rect, Tag, Text } from "./konva.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";
import type { Commands } from "./commands.ts";
import { boxOf, type Size } from "./objects.ts";

/** Readable on dark and on light arenas. */
const COLOURS = ["#0ea5e9", "#f97316", "#22c55e", "#ec4899", "#8b5cf6", "#eab308", "#14b8a6", "#ef4444"];

/** With one class the animals are told apart by colour, by identity where they have one; else the classes. */
export function colourOf(object: LabeledObject, index: number, classes: readonly string[]): string {
  const number = classes.length > 1 ? Math.max(0, classes.indexOf(object.class)) : object.track === undefined ? index : numberOf(object.track);
  return COLOURS[number % COLOURS.length] as string;
}

/** "1" is the first colour; a name has one that stays. */
const numberOf = (track: string): number => (/^\d{1,6}$/.test(track) ? Number(track) + COLOURS.length - 1 : Array.from(track).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0));

/** A finger covers more than a mouse's arrow. */
export const isCoarse = (): boolean => matchMedia("(pointer: coarse)").matches;

export interface AnimalOptions {
  object: LabeledObject;
  title: string;
  colour: string;
  size: Size;
  keypoints: readonly string[];
  skeleton: readonly [number, number][];
  selected: boolean;
  keypoint: number | null;
  /** Screen pixels per picture pixel: marks keep their size on the screen. */
  scale: number;
  names: boolean;
  editable: boolean;
  commands: Commands;
}

/** One animal on the canvas: box, skeleton, keypoints, name. Dashed until a person has touched or confirmed it. */
export function createAnimal(options: AnimalOptions): { group: Group; box: Rect } {
  const { object, colour, size, scale, selected, commands } = options;
  const px = 1 / scale;
  const [x1, y1, x2, y2] = boxOf(object);
  const group = new Group({ name: "animal", id: object.id, draggable: options.editable, home: { x: 0, y: 0 } });
  const box = new Rect({
    x: x1,
    y: y1,
    width: x2 - x1,
    height: y2 - y1,
    stroke: colour,
    strokeWidth: selected ? 2.5 : 2,
    strokeScaleEnabled: false,
    fill: `${colour}${selected ? "1c" : "0a"}`,
    ...(object.confirmed ? {} : { dash: [7, 5] }),
  });
  group.add(box);

  // Where the box stops at the border, the whole animal stops.
  group.on("dragmove", (event) => {
    if ((event.target as unknown) !== group) return;
    group.x(Math.min(size.width - x2, Math.max(-x1, group.x())));
    group.y(Math.min(size.height - y2, Math.max(-y1, group.y())));
  });
  group.on("dragend", (event) => {
    if ((event.target as unknown) !== group || isHome(group)) return;
    commands.move(object.id, group.x(), group.y());
    commands.select(object.id);
  });
  // Not on pointerdown: selecting draws anew, and the drag would lose what it holds.
  box.on("click tap", () => commands.select(object.id));

  const places = object.keypoints.map(([x = 0, y = 0, v = 0]) => ({ x, y, v }));
  const lines = options.skeleton.map(([from, to]) => {
    const line = new Line({ stroke: colour, strokeWidth: 2, strokeScaleEnabled: false, opacity: 0.85, listening: false });
    const draw = (): void => {
      const [a, b] = [places[from], places[to]];
      line.visible(a !== undefined && b !== undefined && a.v > 0 && b.v > 0);
      line.points([a?.x ?? 0, a?.y ?? 0, b?.x ?? 0, b?.y ?? 0]);
    };
    draw();
    group.add(line);
    return draw;
  });

  for (const [index, place] of places.entries()) {
    if (place.v === 0) continue;
    const active = selected && options.keypoint === index;
    const dot = new Circle({
      x: place.x,
      y: place.y,
      radius: (active ? 7 : 5) * px,
      // A dot is small; the hand may miss it by a little.
      hitStrokeWidth: (isCoarse() ? 30 : 14) * px,
      home: { x: place.x, y: place.y },
      fill: place.v === 2 ? colour : "#ffffff40",
      stroke: place.v === 2 ? "#ffffff" : colour,
      strokeWidth: (active || place.v === 1 ? 2.5 : 1.5) * px,
      draggable: options.editable,
      name: "keypoint",
    });
    dot.on("click tap", (event) => {
      event.cancelBubble = true;
      commands.select(object.id, index);
    });
    dot.on("dragmove", (event) => {
      event.cancelBubble = true;
      place.x = Math.min(size.width, Math.max(0, dot.x()));
      place.y = Math.min(size.height, Math.max(0, dot.y()));
      dot.position(place);
      for (const line of lines) line();
    });
    dot.on("dragend", (event) => {
      event.cancelBubble = true;
      if (isHome(dot)) return;
      commands.setKeypoint(object.id, index, dot.x(), dot.y());
      commands.select(object.id, index);
    });
    if (options.names) dot.on("pointerenter", () => group.add(tip(options.keypoints[index] ?? String(index), dot, px)));
    dot.on("pointerleave", () => group.find(".tip").forEach((node) => node.destroy()));
    group.add(dot);
    if (active && options.names) group.add(tip(options.keypoints[index] ?? String(index), dot, px));
  }

  if (options.names) {
    // Above the box, or below it where the frame ends.
    const label = new Label({ x: x1, y: y1 - 18 * px < 0 ? y2 : y1 - 18 * px, listening: false });
    label.add(new Tag({ fill: colour, cornerRadius: 3 * px }));
    label.add(new Text({ text: options.title, fontSize: 12 * px, padding: 3 * px, fill: "#fff", fontFamily: "system-ui, sans-serif", fontStyle: "600" }));
    group.add(label);
  }
  return { group, box };
}

/** A drag that was taken back (a second finger came) ends where it began. */
function isHome(node: { x(): number; y(): number; getAttr(name: string): unknown }): boolean {
  const home = node.getAttr("home") as { x: number; y: number };
  return node.x() === home.x && node.y() === home.y;
}

function tip(text: string, at: { x(): number; y(): number }, px: number): Label {
  const label = new Label({ x: at.x() + 9 * px, y: at.y() - 9 * px, listening: false, name: "tip" });
  label.add(new Tag({ fill: "#111827d9", cornerRadius: 3 * px }));
  label.add(new Text({ text, fontSize: 11 * px, padding: 3 * px, fill: "#fff", fontFamily: "system-ui, sans-serif" }));
  return label;
}
