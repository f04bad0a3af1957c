import type { Box } from "../../../../domain/boxes.ts";
import type { LabeledObject } from "../../../../domain/labels.ts";
import { carryOver as carried, type Pictures } from "./carry.ts";
import { numberAll, onlyFreeTrack, setTrack } from "./identities.ts";
import { fillBetween } from "./fill.ts";
import { keypointsPlaced, moveObject, newObject, placeKeypoint, resizeObject, setClass, turnVisibility, type Visibility } from "./objects.ts";
import { canLay, misfit, restOfPose } from "./pose.ts";
import type { LabelStore } from "./store.ts";

export type Commands = ReturnType<typeof createCommands>;

export interface CommandDeps {
  store: LabelStore;
  /** The pictures of two frames, to find animals again; null where they cannot be read. */
  pictures: (from: number, to: number) => Promise<Pictures | null>;
  /** A frame that nobody touched takes over the animals of the one just confirmed. */
  carriesOver: () => boolean;
}

/** What a person can do with the shown frame; the canvas, the keys and the panel all come here. */
export function createCommands({ store, pictures, carriesOver }: CommandDeps) {
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

  /** The animal whose pose is likest to be this one's: of the same class, with most of what is missing, and whose keypoints fit those that are placed best; the nearest frame first. */
  const poseLike = (object: LabeledObject): LabeledObject | null => {
    const rows = store.state().task?.frames ?? [];
    const here = store.position();
    const found = rows.flatMap((row, at) =>
      (store.state().labels.get(row.frame)?.objects ?? [])
        .filter((other) => other.id !== object.id && other.class === object.class)
        .map((other) => ({ other, lays: canLay(object, other), misfit: misfit(object, other), far: Math.abs(at - here) }))
        .filter(({ lays }) => lays > 0),
    );
    return found.toSorted((a, b) => b.lays - a.lays || a.misfit - b.misfit || a.far - b.far)[0]?.other ?? null;
  };

  const looking = async (work: () => Promise<void>): Promise<void> => {
    store.set({ looking: true });
    try {
      await work();
    } finally {
      store.set({ looking: false });
    }
  };

  /** The animals of the frame before, found again in this one. */
  const carryOver = async (): Promise<void> => {
    const { frame, task } = store.state();
    const row = task?.frames[store.position() - 1];
    if (row === undefined || frame === null || task === null) return store.set({ notice: { what: "nothing-before" } });
    const from = await store.load(row.frame);
    const found = await pictures(row.frame, frame);
    const isHere = (): boolean => store.state().frame === frame;
    const into = store.current();
    if (into === null || !isHere()) return;
    if (from.objects.length === 0) return store.set({ notice: { what: "nothing-before" } });
    const objects = await carried({ from: from.objects, into: into.objects, size: into, numAnimals: task.num_animals, pictures: found, pause: async () => (await nextTask(), isHere() && store.current() === into) });
    if (objects === null || !isHere()) return;
    store.edit((content) => ({ ...content, objects }));
    select(null);
  };

  return {
    selectedObject,
    select,
    draw: (): void => {
      if (store.state().task?.waiting === true) store.set({ tool: { kind: "draw", id: null }, selected: null, keypoint: null });
    },
    /** The selected animal's box anew, from corner to corner; its keypoints stay. */
    redraw: (): void => {
      const object = selectedObject();
      if (object !== null && store.state().task?.waiting === true) store.set({ tool: { kind: "draw", id: object.id }, keypoint: null });
    },
    /** What was drawn: a new animal, or the box of the one that it is drawn for. */
    drawn(box: Box): void {
      const { tool } = store.state();
      if (tool.kind !== "draw" || tool.id === null) return this.add(box);
      this.resize(tool.id, box);
      select(tool.id);
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
        const object = newObject({ box, className, keypoints: task.keypoints.length, size, track: onlyFreeTrack(content.objects, task.num_animals) });
        id = object.id;
        return { ...content, objects: [...content.objects, object] };
      });
      select(id === "" ? null : id);
      if (task.keypoints.length > 0) startPlacing(id);
    },
    move: (id: string, dx: number, dy: number, join: string | null = null): void => dx === 0 && dy === 0 ? undefined : editObject(id, (object, size) => moveObject(object, dx, dy, size), join),
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
    setTrack: (id: string, track: string): void => store.edit((content) => ({ ...content, objects: setTrack(content.objects, id, track) })),
    numberAll: (): void => store.edit((content) => (content.objects.every((object) => object.track !== undefined) ? content : { ...content, objects: numberAll(content.objects) })),
    /** The selected animal in every frame between this one and the nearest other one where a person has it. */
    fillBetween: (): Promise<void> => fillBetween({ store, animal: selectedObject() }),
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

    /** The keypoints that are left, as they lie in the labeled animal whose pose fits best. */
    layRest(): void {
      const { tool } = store.state();
      const object = tool.kind === "place" ? (store.current()?.objects.find((one) => one.id === tool.id) ?? null) : selectedObject();
      if (object === null) return;
      const placed = keypointsPlaced(object);
      if (placed === object.keypoints.length) return;
      const like = placed < 2 ? null : poseLike(object);
      if (like === null) return store.set({ notice: { what: placed < 2 ? "pose-needs-two" : "no-pose-known" } });
      editObject(object.id, (one, size) => restOfPose(one, like, size));
      select(object.id);
    },

    carryOver: (): Promise<void> => looking(carryOver),

    async goToEnd(which: "first" | "last"): Promise<void> {
      const row = store.state().task?.frames.at(which === "first" ? 0 : -1);
      if (row !== undefined) await store.goTo(row.frame);
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
      if (open === undefined) return select(null);
      const isNext = frames[here + 1]?.frame === open.frame;
      if (!isNext || !carriesOver()) return await store.goTo(open.frame);
      await looking(async () => {
        await store.goTo(open.frame);
        const next = store.current();
        const isUntouched = next !== null && next.version === 0 && next.objects.every((object) => !object.confirmed && keypointsPlaced(object) === 0);
        if (isUntouched && store.state().frame === open.frame) await carryOver();
      });
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

/** Lets the page draw and hear keys. */
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
