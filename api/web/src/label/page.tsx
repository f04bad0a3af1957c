import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { useTitle, useWatched } from "../ui/hooks.ts";
import { Layout } from "../ui/layout.tsx";
import { Bar, ErrorNote } from "../ui/parts.tsx";
import { createCanvas, type LabelCanvas } from "./canvas.ts";
import { createCommands } from "./commands.ts";
import { ApproveDialog, HelpDialog, RejectDialog } from "./dialogs.tsx";
import { Filmstrip } from "./filmstrip.tsx";
import { createImages } from "./images.ts";
import { listenToKeys } from "./keyboard.ts";
import { Banners, ToolHint } from "./banners.tsx";
import { Panel } from "./panel.tsx";
import { People } from "./people.tsx";
import { createPictures } from "./pictures.ts";
import { createPreferences } from "./preferences.ts";
import { createLabelStore, type LabelState } from "./store.ts";
import { usePeople } from "./use-people.ts";

/** The labeling page: correct the frames of one task, then approve them. */
export function LabelPage(props: { taskId: string }) {
  const { taskId } = props;
  const { api } = useApp();
  const store = useMemo(() => createLabelStore({ api, taskId }), [taskId]);
  const images = useMemo(() => createImages((frame) => api.imageUrl(taskId, frame)), [taskId]);
  const preferences = useMemo(() => createPreferences(), []);
  const commands = useMemo(() => createCommands({ store, pictures: createPictures(images.get), carriesOver: () => preferences.state().carry }), [store]);
  const state = useWatched(store);
  const [dialog, setDialog] = useState<"help" | "approve" | "reject" | null>(null);
  const [brokenImage, setBrokenImage] = useState<number | null>(null);
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<LabelCanvas | null>(null);
  useTitle(state.task === null ? t("label.title") : t("label.titleOf", { title: state.task.title }));

  useEffect(() => {
    if (holder.current === null) return undefined;
    const drawing = createCanvas({ container: holder.current, store, commands, imageOf: images.get, onImageError: setBrokenImage });
    canvas.current = drawing;
    const silent = listenToKeys({ store, commands, view: drawing, preferences, show: setDialog });
    const light = (): void => drawing.setLight(preferences.state());
    light();
    const dim = preferences.subscribe(light);
    void store.open(frameInAddress());
    const leave = leaving(store);
    document.addEventListener("click", giveFocusBack);
    return () => {
      silent();
      dim();
      leave();
      document.removeEventListener("click", giveFocusBack);
      drawing.destroy();
      store.stop();
    };
  }, [store]);

  useEffect(() => {
    if (state.frame === null) return;
    // A reload and a link come back to this frame.
    history.replaceState(null, "", `#${state.frame}`);
    setBrokenImage(null);
    const rows = state.task?.frames ?? [];
    const here = store.position();
    images.ahead([rows[here + 1]?.frame, rows[here + 2]?.frame, rows[here - 1]?.frame].filter((frame) => frame !== undefined));
  }, [state.frame]);

  const people = usePeople({ api, taskId, store });

  return (
    <Layout
      wide
      middle={<Progress state={state} taskId={taskId} />}
      actions={
        <>
          <People people={people} onSelect={(frame) => void store.goTo(frame)} />
          <SaveState state={state} onRetry={() => void store.flush()} />
          <button type="button" class="icon" disabled={!state.canUndo} onClick={() => void commands.undo()} title={t("label.undoKey")} aria-label={t("label.undo")}>
            ↶
          </button>
          <button type="button" class="icon" disabled={!state.canRedo} onClick={() => void commands.redo()} title={t("label.redoKey")} aria-label={t("label.redo")}>
            ↷
          </button>
          <button type="button" class="icon" onClick={() => setDialog("help")} title={t("label.showKeysKey")} aria-label={t("label.showKeys")}>
            ?
          </button>
          <button type="button" class="primary" disabled={state.task?.waiting !== true} onClick={() => setDialog("approve")}>
            {t("label.approve")}
          </button>
        </>
      }
    >
      <div class="label-page">
        <div class="label-stage">
          <Banners state={state} store={store} commands={commands} taskId={taskId} people={people} />
          <div class="canvas-frame" aria-busy={state.looking}>
            <div ref={holder} class="canvas" role="img" aria-label={state.frame === null ? t("label.canvas.none") : t("label.canvas.shows", { frame: state.frame, count: store.current()?.objects.length ?? 0 })} />
            <ToolHint state={state} store={store} commands={commands} />
            {brokenImage === null ? null : (
              <div class="canvas-error">
                <ErrorNote error={t("label.canvas.broken", { frame: brokenImage })}>
                  <button type="button" onClick={() => location.reload()}>
                    {t("label.canvas.reload")}
                  </button>
                </ErrorNote>
              </div>
            )}
            <div class="zoom">
              <button type="button" class="icon" onClick={() => canvas.current?.zoomBy(1.25)} aria-label={t("label.canvas.zoomIn")} title={t("label.canvas.zoomInKey")}>
                +
              </button>
              <button type="button" class="icon" onClick={() => canvas.current?.zoomBy(0.8)} aria-label={t("label.canvas.zoomOut")} title={t("label.canvas.zoomOutKey")}>
                −
              </button>
              <button type="button" onClick={() => canvas.current?.fit()} title={t("label.canvas.fitKey")}>
                {t("label.canvas.fit")}
              </button>
            </div>
          </div>
          <Filmstrip state={state} people={people} urlOf={(frame) => api.imageUrl(taskId, frame, FILM_WIDTH)} onSelect={(frame) => void store.goTo(frame)} />
        </div>
        <Panel state={state} store={store} commands={commands} preferences={preferences} onReject={() => setDialog("reject")} onApprove={() => setDialog("approve")} />
      </div>
      {dialog === "help" ? <HelpDialog onClose={() => setDialog(null)} /> : null}
      {dialog === "approve" ? <ApproveDialog taskId={taskId} state={state} store={store} onClose={() => setDialog(null)} /> : null}
      {dialog === "reject" ? <RejectDialog taskId={taskId} state={state} store={store} onClose={() => setDialog(null)} /> : null}
    </Layout>
  );
}

/** Pixels: twice what is shown, for fine screens. */
const FILM_WIDTH = 184;

/** After a click with the pointer, the keys act on the frame, and not on that button again. */
const giveFocusBack = (event: MouseEvent): void => {
  const button = (event.target as HTMLElement).closest("button");
  if (event.detail > 0 && button?.closest("dialog") === null) button.blur();
};

const frameInAddress = (): number | null => (/^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : null);

/** The browser asks before it closes a page with unsaved changes; a page that goes away sends them first. */
function leaving(store: { flush(leaving: boolean): Promise<boolean>; state(): LabelState }): () => void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (store.state().save.unsaved.length === 0) return;
    void store.flush(true);
    event.preventDefault();
  };
  const hide = (): void => {
    if (document.visibilityState === "hidden") void store.flush(true);
  };
  window.addEventListener("beforeunload", ask);
  document.addEventListener("visibilitychange", hide);
  return () => {
    window.removeEventListener("beforeunload", ask);
    document.removeEventListener("visibilitychange", hide);
  };
}

function Progress(props: { state: LabelState; taskId: string }) {
  const { task } = props.state;
  if (task === null) return null;
  const reviewed = task.frames.filter((row) => row.status === "reviewed").length;
  return (
    <div class="label-progress">
      <a href={`/task/${props.taskId}`} title={t("label.toTask")}>
        {task.title}
      </a>
      <Bar fraction={task.frames.length === 0 ? 0 : reviewed / task.frames.length} label={t("label.progress")} />
      <span class="muted">{t("label.reviewedOf", { reviewed, total: task.frames.length })}</span>
    </div>
  );
}

function SaveState(props: { state: LabelState; onRetry: () => void }) {
  const { unsaved, message } = props.state.save;
  if (message !== null)
    return (
      <span class="save-state save-bad" role="alert" title={message}>
        {t("label.save.failed", { count: unsaved.length })}
        <button type="button" class="quiet" onClick={props.onRetry}>
          {t("label.save.tryNow")}
        </button>
      </span>
    );
  return (
    <span class="save-state muted" role="status">
      {t(unsaved.length > 0 ? "label.save.saving" : "label.save.saved")}
    </span>
  );
}
