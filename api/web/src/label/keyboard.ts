import type { en } from "../i18n/en/index.ts";
import type { Commands } from "./commands.ts";
import type { LabelStore } from "./store.ts";

/** Every key of the labeling page, once: for the handler and for the list that `?` shows. */
export interface Key {
  /** As keyOf writes them. */
  keys: readonly string[];
  /** As the list shows them; `{or}`, `{wheel}` and `{drag}` are words of the chosen language. Empty: another line speaks for it. */
  shown: string;
  /** The text under `label.keys` that says what it does. */
  what: keyof typeof en.label.keys | null;
  group: keyof typeof en.label.keyGroups;
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
  { group: "frames", keys: ["enter"], shown: "Enter", what: "confirm", run: ({ commands }) => commands.confirmAndNext() },
  { group: "frames", keys: ["arrowright", "d"], shown: "→ {or} D", what: "next", run: ({ commands }) => commands.next() },
  { group: "frames", keys: ["arrowleft", "a"], shown: "← {or} A", what: "previous", run: ({ commands }) => commands.previous() },
  { group: "frames", keys: ["c"], shown: "C", what: "copy", run: ({ commands }) => commands.copyFromPrevious() },
  { group: "frames", keys: ["u"], shown: "U", what: "reopen", run: ({ commands }) => commands.reopen() },
  { group: "animals", keys: ["b"], shown: "B", what: "draw", run: ({ commands }) => commands.draw() },
  { group: "animals", keys: ["e"], shown: "E", what: "selectNext", run: ({ commands }) => commands.selectNext(1) },
  { group: "animals", keys: ["q"], shown: "Q", what: "selectPrevious", run: ({ commands }) => commands.selectNext(-1) },
  {
    group: "animals",
    keys: ["delete", "backspace", "x"],
    shown: "Delete {or} X",
    what: "remove",
    run: (target) => {
      const id = selectedId(target);
      if (id !== null) target.commands.remove(id);
    },
  },
  { group: "animals", keys: ["shift+arrowleft"], shown: "Shift ← → ↑ ↓", what: "nudge", run: ({ commands }) => commands.nudge(-1, 0) },
  { group: "animals", keys: ["shift+arrowright"], shown: "", what: null, run: ({ commands }) => commands.nudge(1, 0) },
  { group: "animals", keys: ["shift+arrowup"], shown: "", what: null, run: ({ commands }) => commands.nudge(0, -1) },
  { group: "animals", keys: ["shift+arrowdown"], shown: "", what: null, run: ({ commands }) => commands.nudge(0, 1) },
  ...Array.from({ length: 9 }, (_, index): Action => ({
    group: "animals",
    keys: [String(index + 1)],
    shown: index === 0 ? "1 … 9" : "",
    what: index === 0 ? "class" : null,
    run: (target) => {
      const name = target.store.state().task?.classes[index];
      if (name !== undefined) target.commands.setClass(selectedId(target), name);
    },
  })),
  {
    group: "keypoints",
    keys: ["k"],
    shown: "K",
    what: "place",
    run: ({ commands }) => commands.placeNext(),
  },
  { group: "keypoints", keys: ["s"], shown: "S", what: "skip", run: ({ commands }) => commands.skipKeypoint() },
  {
    group: "keypoints",
    keys: ["v"],
    shown: "V",
    what: "visibility",
    run: (target) => {
      const { selected, keypoint, tool } = target.store.state();
      if (selected !== null && keypoint !== null && tool.kind !== "place") target.commands.turnVisibility(selected, keypoint);
    },
  },
  { group: "keypoints", keys: ["escape"], shown: "Esc", what: "escape", run: ({ commands }) => commands.escape() },
  { group: "view", keys: ["f", "0"], shown: "F", what: "fit", run: ({ view }) => view.fit() },
  { group: "view", keys: ["+", "="], shown: "+ {or} {wheel}", what: "nearer", run: ({ view }) => view.zoomBy(1.25) },
  { group: "view", keys: ["-"], shown: "− {or} {wheel}", what: "farther", run: ({ view }) => view.zoomBy(0.8) },
  { group: "view", keys: [], shown: "Space + {drag}", what: "pan", run: () => undefined },
  { group: "view", keys: ["h"], shown: "H", what: "names", run: ({ store }) => store.set({ names: !store.state().names }) },
  { group: "view", keys: ["ctrl+z"], shown: "Ctrl Z", what: "undo", run: ({ commands }) => commands.undo() },
  { group: "view", keys: ["ctrl+shift+z", "ctrl+y"], shown: "Ctrl Shift Z", what: "redo", run: ({ commands }) => commands.redo() },
  { group: "view", keys: ["?"], shown: "?", what: "help", run: ({ showHelp }) => showHelp() },
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
