import type { Box } from "../../../../domain/boxes.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { copyObjects, keypointsPlaced, moveObject, newObject, placeKeypoint, resizeObject, setClass, turnVisibility, type Visibility } from "./objects.ts";
import type { LabelStore } from "./store.ts";

export type Commands = ReturnType<typeof createCommands>;

/** What a person can do with the shown frame; the canvas, the keys and the panel all come here. */
export function createCommands(store: LabelStore) {
  const selectedObject = (): LabeledObject | null => store.current()?.objects.find((object) => object.id === store.state().selected) ?? null;

  const editObject = (id: string, change: (object: LabeledObject, size: { width: number; height: number }) => LabeledObject, join: string | null = null): void =>
    store.edit((content, size) => (content.objects.some((object) => object.id === id) ? { ...content, objects: content.objects.map((object) => (object.id === id ? change(object, size) : object)) } : content), join);

  const select = (id: string | null, keypoint: number | null = null): void => store.set({ selected: id, keypoint, tool: { kind: "select" } });

  /** Starts with the first keypoint that is not placed yet, or with the first of all. */
  const startPlacing = (id: string, only: number | null = null): void => {
    const object = store.current()?.objects.find((one) => one.id === id);
    if (object === undefined || object.keypoints.length === 0 || store.state().task?.waiting !== true) return;
    const open = object.keypoints.findIndex((keypoint) => (keypoint[2] ?? 0) === 0);
    const first = only ?? (open < 0 ? 0 : open);
    store.set({ selected: id, keypoint: first, tool: { kind: "place", id, keypoint: first, only: only !== null } });
  };

  const nextKeypoint = (): void => {
    const { tool } = store.state();
    if (tool.kind !== "place") return;
    const count = store.current()?.objects.find((object) => object.id === tool.id)?.keypoints.length ?? 0;
    if (tool.only || tool.keypoint + 1 >= count) store.set({ tool: { kind: "select" }, keypoint: tool.only ? tool.keypoint : null });
    else store.set({ tool: { ...tool, keypoint: tool.keypoint + 1 }, keypoint: tool.keypoint + 1 });
  };

  const step = async (by: number): Promise<void> => {
    const row = store.state().task?.frames[store.position() + by];
    if (row !== undefined) await store.goTo(row.frame);
  };

  /** After undo or redo: placing goes on at the keypoint that is open now, or ends with its object. */
  const afterHistory = (): void => {
    const { tool, selected } = store.state();
    const objects = store.current()?.objects ?? [];
    if (tool.kind === "place" && !tool.only && objects.some((object) => object.id === tool.id)) startPlacing(tool.id);
    else if (selected !== null && !objects.some((object) => object.id === selected)) select(null);
  };

  return {
    selectedObject,
    select,
    draw: (): void => {
      if (store.state().task?.waiting === true) store.set({ tool: { kind: "draw" }, selected: null, keypoint: null });
    },
    escape: (): void => {
      if (store.state().tool.kind === "select") select(null);
      else store.set({ tool: { kind: "select" }, keypoint: null });
    },

    /** A new animal; where the task has keypoints, they are asked for next. */
    add(box: Box): void {
      const { task, className } = store.state();
      if (task?.waiting !== true) return;
      let id = "";
      store.edit((content, size) => {
        const object = newObject({ box, className, keypoints: task.keypoints.length, size });
        id = object.id;
        return { ...content, objects: [...content.objects, object] };
      });
      select(id === "" ? null : id);
      if (task.keypoints.length > 0) startPlacing(id);
    },
    move: (id: string, dx: number, dy: number, join: string | null = null): void => editObject(id, (object, size) => moveObject(object, dx, dy, size), join),
    resize: (id: string, box: Box): void => editObject(id, (object, size) => resizeObject(object, box, size)),
    setKeypoint: (id: string, index: number, x: number, y: number, join: string | null = null): void =>
      editObject(id, (object, size) => placeKeypoint(object, index, x, y, ((object.keypoints[index]?.[2] ?? 2) || 2) as Visibility, size), join),
    turnVisibility: (id: string, index: number): void => editObject(id, (object) => turnVisibility(object, index)),
    remove(id: string): void {
      store.edit((content) => ({ ...content, objects: content.objects.filter((object) => object.id !== id) }));
      select(null);
    },
    setClass(id: string | null, name: string): void {
      store.set({ className: name });
      if (id !== null) editObject(id, (object) => (object.class === name ? object : setClass(object, name)));
    },
    /** One pixel at a time; the selected keypoint, else the selected box. */
    nudge(dx: number, dy: number): void {
      const object = selectedObject();
      const { keypoint } = store.state();
      if (object === null) return;
      const at = keypoint === null ? undefined : object.keypoints[keypoint];
      if (keypoint !== null && at !== undefined) this.setKeypoint(object.id, keypoint, (at[0] ?? 0) + dx, (at[1] ?? 0) + dy, `nudge-${object.id}-${keypoint}`);
      else this.move(object.id, dx, dy, `nudge-${object.id}`);
    },
    selectNext(by: 1 | -1): void {
      const objects = store.current()?.objects ?? [];
      if (objects.length === 0) return;
      const at = objects.findIndex((object) => object.id === store.state().selected);
      select(objects[at < 0 ? (by === 1 ? 0 : objects.length - 1) : (at + by + objects.length) % objects.length]?.id ?? null);
    },

    startPlacing,
    /** The selected animal where something is left to place, else the first one without keypoints, else the selected one anew. */
    placeNext(): void {
      const selected = selectedObject();
      const isOpen = selected !== null && keypointsPlaced(selected) < selected.keypoints.length;
      const target = isOpen ? selected : (store.current()?.objects.find((object) => keypointsPlaced(object) === 0) ?? selected);
      if (target !== null) startPlacing(target.id);
    },
    skipKeypoint: nextKeypoint,
    placeHere(x: number, y: number, v: 1 | 2): void {
      const { tool } = store.state();
      if (tool.kind !== "place") return;
      editObject(tool.id, (object, size) => placeKeypoint(object, tool.keypoint, x, y, v, size));
      nextKeypoint();
    },

    async copyFromPrevious(): Promise<void> {
      const row = store.state().task?.frames[store.position() - 1];
      const frame = store.state().frame;
      if (row === undefined) return;
      const from = await store.load(row.frame);
      if (store.state().frame !== frame) return;
      store.edit((content) => ({ ...content, objects: copyObjects(from.objects, content.objects) }));
      select(null);
    },

    previous: () => step(-1),
    next: () => step(1),
    /** Confirms the frame with all its objects and goes to the next one that nobody confirmed yet. */
    async confirmAndNext(): Promise<void> {
      // Nobody confirms what is not shown yet.
      if (store.current() === null) return;
      store.edit((content) => (content.reviewed && content.objects.every((object) => object.confirmed) ? content : { reviewed: true, objects: content.objects.map((object) => ({ ...object, confirmed: true })) }));
      const frames = store.state().task?.frames ?? [];
      const here = store.position();
      const open = [...frames.slice(here + 1), ...frames.slice(0, Math.max(0, here))].find((row) => row.status !== "reviewed");
      if (open !== undefined) await store.goTo(open.frame);
      else select(null);
    },
    reopen: (): void => store.edit((content) => (content.reviewed ? { ...content, reviewed: false } : content)),

    async undo(): Promise<void> {
      await store.undo();
      afterHistory();
    },
    async redo(): Promise<void> {
      await store.redo();
      afterHistory();
    },

    /** After a conflict: what we had, as a change of what they saved. */
    async putMineBack(): Promise<void> {
      const { conflict } = store.state();
      if (conflict === null) return;
      store.set({ conflict: null });
      await store.goTo(conflict.frame);
      store.edit(() => conflict.mine);
    },
    keepTheirs: (): void => store.set({ conflict: null }),
  };
}
