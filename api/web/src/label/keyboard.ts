import type { Commands } from "./commands.ts";
import type { LabelStore } from "./store.ts";

/** Every key of the labeling page, once: for the handler and for the list that `?` shows. */
export interface Key {
  /** As keyOf writes them; the first is shown. */
  keys: readonly string[];
  shown: string;
  what: string;
  group: "Frames" | "Animals" | "Keypoints" | "View and more";
}

export interface KeyTarget {
  store: LabelStore;
  commands: Commands;
  view: { fit: () => void; zoomBy: (factor: number) => void };
  showHelp: () => void;
}

type Action = Key & { run: (target: KeyTarget) => unknown };

const selectedId = (target: KeyTarget): string | null => target.store.state().selected;

export const KEYS: readonly Action[] = [
  { group: "Frames", keys: ["enter"], shown: "Enter", what: "Confirm the frame and go to the next open one", run: ({ commands }) => commands.confirmAndNext() },
  { group: "Frames", keys: ["arrowright", "d"], shown: "→ or D", what: "Next frame", run: ({ commands }) => commands.next() },
  { group: "Frames", keys: ["arrowleft", "a"], shown: "← or A", what: "Previous frame", run: ({ commands }) => commands.previous() },
  { group: "Frames", keys: ["c"], shown: "C", what: "Copy the animals of the previous frame", run: ({ commands }) => commands.copyFromPrevious() },
  { group: "Frames", keys: ["u"], shown: "U", what: "Open a confirmed frame again", run: ({ commands }) => commands.reopen() },
  { group: "Animals", keys: ["b"], shown: "B", what: "Draw a new box (also over others; on empty ground just drag)", run: ({ commands }) => commands.draw() },
  { group: "Animals", keys: ["e"], shown: "E", what: "Select the next animal", run: ({ commands }) => commands.selectNext(1) },
  { group: "Animals", keys: ["q"], shown: "Q", what: "Select the previous animal", run: ({ commands }) => commands.selectNext(-1) },
  {
    group: "Animals",
    keys: ["delete", "backspace", "x"],
    shown: "Delete or X",
    what: "Delete the selected animal",
    run: (target) => {
      const id = selectedId(target);
      if (id !== null) target.commands.remove(id);
    },
  },
  { group: "Animals", keys: ["shift+arrowleft"], shown: "Shift ← → ↑ ↓", what: "Move the selected animal or keypoint by one pixel", run: ({ commands }) => commands.nudge(-1, 0) },
  { group: "Animals", keys: ["shift+arrowright"], shown: "", what: "", run: ({ commands }) => commands.nudge(1, 0) },
  { group: "Animals", keys: ["shift+arrowup"], shown: "", what: "", run: ({ commands }) => commands.nudge(0, -1) },
  { group: "Animals", keys: ["shift+arrowdown"], shown: "", what: "", run: ({ commands }) => commands.nudge(0, 1) },
  ...Array.from({ length: 9 }, (_, index): Action => ({
    group: "Animals",
    keys: [String(index + 1)],
    shown: index === 0 ? "1 … 9" : "",
    what: index === 0 ? "Class of the selected animal, and of the next one drawn" : "",
    run: (target) => {
      const name = target.store.state().task?.classes[index];
      if (name !== undefined) target.commands.setClass(selectedId(target), name);
    },
  })),
  {
    group: "Keypoints",
    keys: ["k"],
    shown: "K",
    what: "Place keypoints, one click each: of the selected animal, or of the next one that has none",
    run: ({ commands }) => commands.placeNext(),
  },
  { group: "Keypoints", keys: ["s"], shown: "S", what: "While placing: skip this keypoint (it is not in the picture)", run: ({ commands }) => commands.skipKeypoint() },
  {
    group: "Keypoints",
    keys: ["v"],
    shown: "V",
    what: "Selected keypoint: visible, occluded, absent",
    run: (target) => {
      const { selected, keypoint, tool } = target.store.state();
      if (selected !== null && keypoint !== null && tool.kind !== "place") target.commands.turnVisibility(selected, keypoint);
    },
  },
  { group: "Keypoints", keys: ["escape"], shown: "Esc", what: "End placing or drawing; then: select nothing", run: ({ commands }) => commands.escape() },
  { group: "View and more", keys: ["f", "0"], shown: "F", what: "Fit the frame into the window", run: ({ view }) => view.fit() },
  { group: "View and more", keys: ["+", "="], shown: "+ or wheel", what: "Nearer", run: ({ view }) => view.zoomBy(1.25) },
  { group: "View and more", keys: ["-"], shown: "− or wheel", what: "Farther", run: ({ view }) => view.zoomBy(0.8) },
  { group: "View and more", keys: [], shown: "Space + drag", what: "Move the picture (or drag with the middle button)", run: () => undefined },
  { group: "View and more", keys: ["h"], shown: "H", what: "Hide or show the names", run: ({ store }) => store.set({ names: !store.state().names }) },
  { group: "View and more", keys: ["ctrl+z"], shown: "Ctrl Z", what: "Undo", run: ({ commands }) => commands.undo() },
  { group: "View and more", keys: ["ctrl+shift+z", "ctrl+y"], shown: "Ctrl Shift Z", what: "Redo", run: ({ commands }) => commands.redo() },
  { group: "View and more", keys: ["?"], shown: "?", what: "This list", run: ({ showHelp }) => showHelp() },
];

/**
 * `ctrl+shift+z`, `arrowleft`, `?`; Command counts as Ctrl. Signs stand for themselves, however they are typed.
 * Where the keyboard writes no Latin letters (Korean, Greek, ...), the place of the key counts.
 */
export function keyOf(event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">): string {
  const place = /^Key([A-Z])$/.exec(event.code)?.[1];
  const key = place !== undefined && (event.key.codePointAt(0) ?? 0) > 0x2af ? place : event.key;
  const sign = key.length === 1 && !/[a-z0-9]/i.test(key);
  return [event.ctrlKey || event.metaKey ? "ctrl+" : "", event.altKey ? "alt+" : "", event.shiftKey && !sign ? "shift+" : "", key.toLowerCase()].join("");
}

/** Typing, a dialog, or a button that has the focus comes first. */
function isBusyElsewhere(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (document.querySelector("dialog[open], .sign-in-over") !== null) return true;
  if (target?.closest("input, textarea, select") != null) return true;
  return (event.key === "Enter" || event.key === " ") && target?.closest("button, a, summary") != null;
}

/** Listens on the window until the returned function is called. */
export function listenToKeys(target: KeyTarget): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing || isBusyElsewhere(event)) return;
    const pressed = keyOf(event);
    const action = KEYS.find((key) => key.keys.includes(pressed));
    if (action === undefined) return;
    event.preventDefault();
    // A key held down goes through frames, but confirms only once.
    if (event.repeat && !/arrow|^[ad+=-]$|ctrl/.test(pressed)) return;
    void action.run(target);
  };
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}
