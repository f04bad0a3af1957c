import type { en } from "../i18n/en/index.ts";
import type { Commands } from "./commands.ts";
import type { LabelPreferences } from "./preferences.ts";
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
  preferences: LabelPreferences;
  show: (dialog: "help" | "approve" | "reject") => void;
}

type Action = Key & { run: (target: KeyTarget) => unknown };

const selectedId = (target: KeyTarget): string | null => target.store.state().selected;

const identify = (target: KeyTarget, index: number): void => {
  const id = selectedId(target);
  if (id !== null) target.commands.setTrack(id, String(index + 1));
};

/** A line of the list and nine keys. */
const digits = (modifier: string, shown: string, what: Key["what"], run: (target: KeyTarget, index: number) => void): Action[] =>
  Array.from({ length: 9 }, (_, index): Action => ({ group: "animals", keys: [`${modifier}${index + 1}`], shown: index === 0 ? shown : "", what: index === 0 ? what : null, run: (target) => run(target, index) }));

export const KEYS: readonly Action[] = [
  { group: "frames", keys: ["enter"], shown: "Enter", what: "confirm", run: ({ commands }) => commands.confirmAndNext() },
  { group: "frames", keys: ["arrowright", "d"], shown: "→ {or} D", what: "next", run: ({ commands }) => commands.next() },
  { group: "frames", keys: ["arrowleft", "a"], shown: "← {or} A", what: "previous", run: ({ commands }) => commands.previous() },
  { group: "frames", keys: ["c"], shown: "C", what: "carryOver", run: ({ commands }) => commands.carryOver() },
  { group: "frames", keys: ["u"], shown: "U", what: "reopen", run: ({ commands }) => commands.reopen() },
  { group: "frames", keys: ["home"], shown: "Home", what: "first", run: ({ commands }) => commands.goToEnd("first") },
  { group: "frames", keys: ["end"], shown: "End", what: "last", run: ({ commands }) => commands.goToEnd("last") },
  { group: "frames", keys: ["m"], shown: "M", what: "sendBack", run: ({ store, show }) => store.state().task?.waiting === true && show("reject") },
  { group: "frames", keys: ["ctrl+enter"], shown: "Ctrl Enter", what: "approve", run: ({ store, show }) => store.state().task?.waiting === true && show("approve") },
  { group: "animals", keys: ["b"], shown: "B", what: "draw", run: ({ commands }) => commands.draw() },
  { group: "animals", keys: ["r"], shown: "R", what: "redraw", run: ({ commands }) => commands.redraw() },
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
  ...digits("", "1 … 9", "class", (target, index) => {
    const classes = target.store.state().task?.classes ?? [];
    // With one class there is nothing to choose: the number is the animal's.
    if (classes.length < 2) identify(target, index);
    else if (classes[index] !== undefined) target.commands.setClass(selectedId(target), classes[index]);
  }),
  ...digits("shift+", "Shift 1 … 9", "identity", identify),
  { group: "animals", keys: ["n"], shown: "N", what: "numberAll", run: ({ commands }) => commands.numberAll() },
  { group: "animals", keys: ["i"], shown: "I", what: "fill", run: ({ commands }) => commands.fillBetween() },
  {
    group: "keypoints",
    keys: ["k"],
    shown: "K",
    what: "place",
    run: ({ commands }) => commands.placeNext(),
  },
  { group: "keypoints", keys: ["s"], shown: "S", what: "skip", run: ({ commands }) => commands.skipKeypoint() },
  { group: "keypoints", keys: ["g"], shown: "G", what: "layRest", run: ({ commands }) => commands.layRest() },
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
  { group: "view", keys: ["shift+h"], shown: "Shift H", what: "hide", run: ({ store }) => store.set({ hidden: !store.state().hidden }) },
  { group: "view", keys: ["["], shown: "[ ]", what: "brightness", run: ({ preferences }) => preferences.lighter("brightness", -1) },
  { group: "view", keys: ["]"], shown: "", what: null, run: ({ preferences }) => preferences.lighter("brightness", 1) },
  { group: "view", keys: ["{"], shown: "{ }", what: "contrast", run: ({ preferences }) => preferences.lighter("contrast", -1) },
  { group: "view", keys: ["}"], shown: "", what: null, run: ({ preferences }) => preferences.lighter("contrast", 1) },
  { group: "view", keys: ["\\"], shown: "\\", what: "resetLight", run: ({ preferences }) => preferences.resetLight() },
  { group: "view", keys: ["ctrl+z"], shown: "Ctrl Z", what: "undo", run: ({ commands }) => commands.undo() },
  { group: "view", keys: ["ctrl+shift+z", "ctrl+y"], shown: "Ctrl Shift Z", what: "redo", run: ({ commands }) => commands.redo() },
  { group: "view", keys: ["?"], shown: "?", what: "help", run: ({ show }) => show("help") },
];

/**
 * `ctrl+shift+z`, `arrowleft`, `?`; Command counts as Ctrl. Signs stand for themselves, however they are typed.
 * Where the keyboard writes no Latin letters (Korean, Greek, ...), the place of the key counts.
 */
export function keyOf(event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">): string {
  const place = /^Key([A-Z])$/.exec(event.code)?.[1];
  const key = place !== undefined && (event.key.codePointAt(0) ?? 0) > 0x2af ? place : event.key;
  // Shift and a number is a sign on most keyboards; where it writes the number itself (French), it is that number.
  const digit = event.shiftKey && !/\d/.test(event.key) ? /^Digit([1-9])$/.exec(event.code)?.[1] : undefined;
  if (digit !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) return `shift+${digit}`;
  const sign = key.length === 1 && !/[a-z0-9]/i.test(key);
  const shift = event.shiftKey && !sign && !/^\d$/.test(key);
  return [event.ctrlKey || event.metaKey ? "ctrl+" : "", event.altKey ? "alt+" : "", shift ? "shift+" : "", key.toLowerCase()].join("");
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
