import type { LabeledObject } from "../../../../domain/labels.ts";

/** What a person edits in a frame. */
export interface Content {
  reviewed: boolean;
  objects: LabeledObject[];
}

export interface Edit {
  frame: number;
  before: Content;
  after: Content;
}

const KEEP = 500;

/** One undo line through all frames, so that a confirmation made too early is undone as well. A step holds every frame that one command changed. */
export function createHistory() {
  let past: Edit[][] = [];
  let future: Edit[][] = [];
  let joining: string | null = null;
  const without = (steps: Edit[][], frame: number): Edit[][] => steps.map((edits) => edits.filter((edit) => edit.frame !== frame)).filter((edits) => edits.length > 0);
  return {
    /** Edits in a row with the same `join` (nudges by key) are undone as one. */
    push(edits: Edit[], join: string | null = null): void {
      const [last] = past.at(-1) ?? [];
      const [edit] = edits;
      if (edit === undefined) return;
      if (join !== null && join === joining && last?.frame === edit.frame) past[past.length - 1] = [{ ...last, after: edit.after }];
      else past = [...past.slice(-KEEP + 1), edits];
      joining = join;
      future = [];
    },
    /** What the last command changed; empty where there is none. */
    undo(): Edit[] {
      const edits = past.pop() ?? [];
      joining = null;
      if (edits.length > 0) future.push(edits);
      return edits;
    },
    redo(): Edit[] {
      const edits = future.pop() ?? [];
      joining = null;
      if (edits.length > 0) past.push(edits);
      return edits;
    },
    /** Somebody else's labels took the place of ours: what was before cannot be gone back to. */
    forget(frame: number): void {
      past = without(past, frame);
      future = without(future, frame);
      joining = null;
    },
    canUndo: (): boolean => past.length > 0,
    canRedo: (): boolean => future.length > 0,
  };
}
