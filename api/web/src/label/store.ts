import type { FrameLabels } from "../../../../domain/labels.ts";
import { ApiError, type Api, type FrameRow, type LabelingTask } from "../api.ts";
import { createHistory, type Content } from "./history.ts";
import { createSaveQueue, type SaveFailure, type SaveSummary } from "./save-queue.ts";

/** What the pointer does on the canvas. `only`: one keypoint anew, not all from here on. */
export type Tool = { kind: "select" } | { kind: "draw"; /** Whose box is drawn anew; null: a new animal's. */ id: string | null } | { kind: "place"; id: string; keypoint: number; only: boolean };

/** Why a command did nothing, or what it did in frames that are not shown. */
export type Notice = { what: "identity-first" | "no-other-frame" | "pose-needs-two" | "no-pose-known" | "nothing-before" } | { what: "filled"; frames: number };

export interface LabelState {
  task: LabelingTask | null;
  /** The frame that is shown. */
  frame: number | null;
  labels: ReadonlyMap<number, FrameLabels>;
  selected: string | null;
  keypoint: number | null;
  tool: Tool;
  className: string;
  /** Names beside the boxes. */
  names: boolean;
  /** Only the picture is shown. */
  hidden: boolean;
  /** Fingers have no Shift key: what they place is occluded. */
  occluding: boolean;
  notice: Notice | null;
  /** The animals of the frame before are being looked for in the shown one. */
  looking: boolean;
  save: SaveSummary;
  canUndo: boolean;
  canRedo: boolean;
  /** Somebody else saved this frame first: theirs is shown, ours is kept here. */
  conflict: { frame: number; by: string | null; mine: Content } | null;
  error: unknown;
}

type StoreApi = Pick<Api, "labelingFrames" | "frame" | "saveFrame">;

export type LabelStore = ReturnType<typeof createLabelStore>;

export const contentOf = (labels: FrameLabels): Content => ({ reviewed: labels.status === "reviewed", objects: labels.objects });

export function failureOf(error: unknown): SaveFailure {
  if (!(error instanceof ApiError)) return { kind: "later", message: String(error) };
  if (error.status === 409 && error.current !== null) return { kind: "conflict", theirs: error.current };
  const message = error.whatToDo === null ? error.message : `${error.message} ${error.whatToDo}`;
  // Not reached, signed out, too many requests, or trouble on the server: the same request may pass later.
  if (error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500) return { kind: "later", message };
  return { kind: "refused", message };
}

/** All that the labeling page knows, its edits with undo, and their saving. No canvas, no components. */
export function createLabelStore(options: { api: StoreApi; taskId: string; saveDelayMs?: number; retryMs?: readonly number[] }) {
  const { api, taskId } = options;
  const history = createHistory();
  const listeners = new Set<() => void>();
  const loading = new Map<number, Promise<FrameLabels>>();
  let state: LabelState = {
    task: null,
    frame: null,
    labels: new Map(),
    selected: null,
    keypoint: null,
    tool: { kind: "select" },
    className: "",
    names: true,
    hidden: false,
    occluding: false,
    notice: null,
    looking: false,
    save: { unsaved: [], message: null },
    canUndo: false,
    canRedo: false,
    conflict: null,
    error: null,
  };

  const set = (change: Partial<LabelState>): void => {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  };

  const queue = createSaveQueue({
    content: (frame) => {
      const labels = loaded(frame);
      return { version: labels.version, ...contentOf(labels) };
    },
    put: (frame, content, leaving) => api.saveFrame(taskId, frame, content, leaving),
    failureOf,
    onSaved: (frame, saved) => {
      const { comment: _old, ...ours } = loaded(frame);
      keep({ ...ours, version: saved.version, updated_by: saved.updated_by, updated_at: saved.updated_at, ...(saved.comment === undefined ? {} : { comment: saved.comment }) });
    },
    onConflict: (frame, theirs, mine) => {
      history.forget(frame);
      keep(theirs);
      set({ conflict: { frame, by: theirs.updated_by, mine }, ...historyState(), ...(frame === state.frame ? free() : {}) });
    },
    onChange: () => set({ save: queue.summary() }),
    ...(options.saveDelayMs === undefined ? {} : { delayMs: options.saveDelayMs }),
    ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
  });

  const historyState = () => ({ canUndo: history.canUndo(), canRedo: history.canRedo() });
  const free = () => ({ selected: null, keypoint: null, tool: { kind: "select" } as Tool, notice: null });

  function loaded(frame: number): FrameLabels {
    const found = state.labels.get(frame);
    if (found === undefined) throw new Error(`frame ${frame} is not loaded`);
    return found;
  }

  /** Takes a frame's labels in, and its line in the filmstrip with them. */
  function keep(labels: FrameLabels): void {
    const row: FrameRow = { frame: labels.frame, time: labels.time, status: labels.status, version: labels.version, objects: labels.objects.length, updated_by: labels.updated_by, ...(labels.comment === undefined ? {} : { comment: labels.comment }) };
    const task = state.task === null ? null : { ...state.task, frames: state.task.frames.map((old) => (old.frame === labels.frame ? row : old)) };
    set({ task, labels: new Map(state.labels).set(labels.frame, labels) });
  }

  function load(frame: number): Promise<FrameLabels> {
    const here = state.labels.get(frame);
    if (here !== undefined) return Promise.resolve(here);
    const found =
      loading.get(frame) ??
      api
        .frame(taskId, frame)
        .then((labels) => {
          if (!state.labels.has(frame)) keep(labels);
          return loaded(frame);
        })
        .finally(() => loading.delete(frame));
    loading.set(frame, found);
    return found;
  }

  function write(frame: number, content: Content): void {
    const status = content.reviewed ? "reviewed" : content.objects.length > 0 ? "prelabeled" : "unlabeled";
    keep({ ...loaded(frame), objects: content.objects, status });
    queue.changed(frame);
  }

  const positionOf = (frame: number | null): number => state.task?.frames.findIndex((row) => row.frame === frame) ?? -1;

  async function goTo(frame: number): Promise<void> {
    if (positionOf(frame) < 0) return;
    if (frame !== state.frame) set({ frame, ...free() });
    try {
      await load(frame);
      if (state.error !== null) set({ error: null });
    } catch (error) {
      if (state.frame === frame) set({ error });
      return;
    }
    for (const step of [1, 2, -1]) {
      const near = state.task?.frames[positionOf(frame) + step];
      if (near !== undefined) load(near.frame).catch(() => undefined);
    }
  }

  /** One command back or forth, on a frame that it changed. */
  async function travel(way: "undo" | "redo"): Promise<void> {
    const edits = state.task?.waiting === true ? history[way]() : [];
    const [first] = edits;
    if (first === undefined) return;
    if (!edits.some((edit) => edit.frame === state.frame)) await goTo(first.frame);
    for (const edit of edits) {
      await load(edit.frame);
      write(edit.frame, way === "undo" ? edit.before : edit.after);
    }
    set({ ...historyState(), notice: null });
  }

  /** One command over several frames that are loaded: undone as one. */
  function editFrames(frames: readonly number[], change: (content: Content, labels: FrameLabels) => Content, join: string | null = null): void {
    if (state.task?.waiting !== true) return;
    const edits = frames.flatMap((frame) => {
      const labels = state.labels.get(frame);
      if (labels === undefined) return [];
      const before = contentOf(labels);
      const after = change(before, labels);
      return after === before ? [] : [{ frame, before, after }];
    });
    if (edits.length === 0) return;
    history.push(edits, join);
    for (const edit of edits) write(edit.frame, edit.after);
    set({ ...historyState(), notice: null });
  }

  return {
    state: () => state,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set,
    goTo,
    load,

    /** `start`: the frame to show; else the first that is not reviewed. */
    async open(start: number | null): Promise<void> {
      try {
        const task = await api.labelingFrames(taskId);
        set({ task, error: null, className: task.classes[0] ?? "animal" });
        const first = task.frames.find((row) => row.frame === start) ?? task.frames.find((row) => row.status !== "reviewed") ?? task.frames[0];
        if (first !== undefined) await goTo(first.frame);
      } catch (error) {
        set({ error });
      }
    },

    /** What others did meanwhile: newer versions are taken in, except where ours is not saved yet (then the saving tells). */
    async refresh(): Promise<void> {
      const fresh = await api.labelingFrames(taskId);
      const labels = new Map(state.labels);
      const rows = fresh.frames.map((row) => {
        const ours = labels.get(row.frame);
        const old = state.task?.frames.find((one) => one.frame === row.frame);
        if (ours === undefined) return row;
        if (row.version <= ours.version || queue.isUnsaved(row.frame)) return old ?? row;
        labels.delete(row.frame);
        history.forget(row.frame);
        return row;
      });
      const lost = state.frame !== null && !labels.has(state.frame);
      set({ task: { ...fresh, frames: rows }, labels, ...historyState(), ...(lost ? free() : {}) });
      if (lost && state.frame !== null) await goTo(state.frame);
    },

    /** The labels that are shown, or null while they are on their way. */
    current: (): FrameLabels | null => (state.frame === null ? null : (state.labels.get(state.frame) ?? null)),
    position: (): number => positionOf(state.frame),

    /** Changes the shown frame; nothing happens where `change` gives back what it got, or while the task does not wait for labels. */
    edit(change: (content: Content, labels: FrameLabels) => Content, join: string | null = null): void {
      if (state.frame !== null) editFrames([state.frame], change, join);
    },
    editFrames,
    undo: (): Promise<void> => travel("undo"),
    redo: (): Promise<void> => travel("redo"),

    flush: (leaving = false): Promise<boolean> => queue.flush(leaving),
    stop: (): void => queue.stop(),
  };
}
