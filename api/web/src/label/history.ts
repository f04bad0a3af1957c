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

/** One undo line through all frames, so that a confirmation made too early is undone as well. */
export function createHistory() {
  let past: Edit[] = [];
  let future: Edit[] = [];
  let joining: string | null = null;
  return {
    /** Edits in a row with the same `join` (nudges by key) are undone as one. */
    push(edit: Edit, join: string | null = null): void {
      const last = past.at(-1);
      if (join !== null && join === joining && last?.frame === edit.frame) past[past.length - 1] = { ...last, after: edit.after };
      else past = [...past.slice(-KEEP + 1), edit];
      joining = join;
      future = [];
    },
    undo(): Edit | null {
      const edit = past.pop() ?? null;
      joining = null;
      if (edit !== null) future.push(edit);
      return edit;
    },
    redo(): Edit | null {
      const edit = future.pop() ?? null;
      joining = null;
      if (edit !== null) past.push(edit);
      return edit;
    },
    /** Somebody else's labels took the place of ours: what was before cannot be gone back to. */
    forget(frame: number): void {
      past = past.filter((edit) => edit.frame !== frame);
      future = future.filter((edit) => edit.frame !== frame);
      joining = null;
    },
    canUndo: (): boolean => past.length > 0,
    canRedo: (): boolean => future.length > 0,
  };
}
