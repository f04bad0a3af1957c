import type { FrameLabels } from "../../../../domain/labels.ts";
import type { Content } from "./history.ts";

/** How saving a frame can go wrong; `theirs` only for a conflict. */
export type SaveFailure = { kind: "conflict"; theirs: FrameLabels } | { kind: "later"; message: string } | { kind: "refused"; message: string };

export interface SaveQueueDeps {
  content(frame: number): Content & { version: number };
  /** Rejects with anything; `failureOf` tells what it means. */
  put(frame: number, content: Content & { version: number }, leaving: boolean): Promise<FrameLabels>;
  failureOf(error: unknown): SaveFailure;
  onSaved(frame: number, saved: FrameLabels): void;
  /** Their labels were saved first; `mine` is what was not saved. */
  onConflict(frame: number, theirs: FrameLabels, mine: Content): void;
  onChange(): void;
  /** Milliseconds from the last change to its saving. */
  delayMs?: number;
  /** Milliseconds to wait after the first, second, ... failure in a row. */
  retryMs?: readonly number[];
}

interface Entry {
  dirty: boolean;
  saving: Promise<void> | null;
  timer: ReturnType<typeof setTimeout> | null;
  failures: number;
  message: string | null;
}

export interface SaveSummary {
  /** Frames with changes that the server does not have yet. */
  unsaved: number[];
  /** Why, where the last try failed. */
  message: string | null;
}

/** Where each animal is; whose it is and whether it is confirmed are for the server to say. */
const shapeOf = (content: Content): string => JSON.stringify([content.reviewed, content.objects.map((object) => [object.id, object.class, object.box, object.keypoints, object.track])]);

/**
 * Saves each frame shortly after its last change, one request per frame at a time, each based on the version that the one before made.
 * What the server could not take is tried again for ever; what it refuses waits for the next change.
 */
export function createSaveQueue(deps: SaveQueueDeps) {
  const delayMs = deps.delayMs ?? 300;
  const retryMs = deps.retryMs ?? [1000, 2000, 4000, 8000, 15_000];
  const entries = new Map<number, Entry>();

  const entryOf = (frame: number): Entry => {
    const found = entries.get(frame) ?? { dirty: false, saving: null, timer: null, failures: 0, message: null };
    entries.set(frame, found);
    return found;
  };
  const plan = (frame: number, entry: Entry, ms: number): void => {
    if (entry.timer !== null) clearTimeout(entry.timer);
    entry.timer = setTimeout(() => {
      entry.timer = null;
      void start(frame, entry);
    }, ms);
  };

  function start(frame: number, entry: Entry, leaving = false): Promise<void> {
    if (entry.saving !== null) return entry.saving;
    if (!entry.dirty) return Promise.resolve();
    if (entry.timer !== null) clearTimeout(entry.timer);
    entry.timer = null;
    entry.saving = save(frame, entry, leaving).finally(() => {
      entry.saving = null;
      if (entry.dirty && entry.timer === null && entry.message === null) plan(frame, entry, 0);
      deps.onChange();
    });
    return entry.saving;
  }

  async function save(frame: number, entry: Entry, leaving: boolean): Promise<void> {
    const sent = deps.content(frame);
    entry.dirty = false;
    try {
      deps.onSaved(frame, await deps.put(frame, sent, leaving));
      entry.failures = 0;
      entry.message = null;
    } catch (error) {
      const failure = deps.failureOf(error);
      if (failure.kind === "conflict") {
        entry.failures = 0;
        entry.message = null;
        // Our own save, whose answer was lost on the way.
        if (shapeOf({ objects: failure.theirs.objects, reviewed: failure.theirs.status === "reviewed" }) === shapeOf(sent)) deps.onSaved(frame, failure.theirs);
        else {
          const mine = deps.content(frame);
          entry.dirty = false;
          deps.onConflict(frame, failure.theirs, { reviewed: mine.reviewed, objects: mine.objects });
        }
        return;
      }
      // A change made meanwhile has planned its own try.
      const changedMeanwhile = entry.dirty;
      entry.dirty = true;
      entry.message = failure.message;
      entry.failures += 1;
      if (failure.kind === "later") plan(frame, entry, retryMs[Math.min(entry.failures, retryMs.length) - 1] ?? 15_000);
      else if (changedMeanwhile) plan(frame, entry, delayMs);
    }
  }

  const isUnsaved = (entry: Entry): boolean => entry.dirty || entry.saving !== null;

  return {
    changed(frame: number): void {
      const entry = entryOf(frame);
      entry.dirty = true;
      entry.message = null;
      plan(frame, entry, delayMs);
      deps.onChange();
    },
    /** Saves all now. True when the server has everything. `leaving`: the page goes away, the requests must outlive it. */
    async flush(leaving = false): Promise<boolean> {
      for (let round = 0; round < 3; round += 1) {
        const open = [...entries].filter(([, entry]) => isUnsaved(entry));
        if (open.length === 0) return true;
        await Promise.all(open.map(async ([frame, entry]) => await start(frame, entry, leaving)));
      }
      return ![...entries.values()].some(isUnsaved);
    },
    isUnsaved: (frame: number): boolean => {
      const entry = entries.get(frame);
      return entry !== undefined && isUnsaved(entry);
    },
    summary(): SaveSummary {
      const open = [...entries].filter(([, entry]) => isUnsaved(entry));
      return { unsaved: open.map(([frame]) => frame), message: open.find(([, entry]) => entry.message !== null)?.[1].message ?? null };
    },
    /** Stops all timers; what is unsaved stays unsaved. */
    stop(): void {
      for (const entry of entries.values()) if (entry.timer !== null) clearTimeout(entry.timer);
    },
  };
}
export type SaveQueue = ReturnType<typeof createSaveQueue>;
