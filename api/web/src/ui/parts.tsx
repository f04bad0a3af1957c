import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { StepStatus, TaskStatus } from "../../../../domain/state.ts";
import { messageOf } from "../../../../domain/errors.ts";
import { ApiError } from "../api.ts";
import { t } from "../i18n/index.ts";

export function Badge(props: { status: StepStatus | TaskStatus }) {
  return <span class={`badge badge-${props.status}`}>{t(`status.${props.status}`)}</span>;
}

/** `fraction` null: it works, but nobody knows how long. */
export function Bar(props: { fraction: number | null; label: string }) {
  const percent = props.fraction === null ? undefined : Math.round(Math.min(1, Math.max(0, props.fraction)) * 100);
  return (
    <div class={percent === undefined ? "meter meter-open" : "meter"} role="progressbar" aria-label={props.label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <div style={{ width: `${percent ?? 30}%` }} />
    </div>
  );
}

/** What went wrong and what to do, in the server's own words. */
export function ErrorNote(props: { error: unknown; children?: ComponentChildren }) {
  if (props.error === null || props.error === undefined) return null;
  const { error } = props;
  return (
    <div class="note note-bad" role="alert">
      <strong>{messageOf(error)}</strong>
      {error instanceof ApiError && error.whatToDo !== null ? <span>{error.whatToDo}</span> : null}
      {props.children}
    </div>
  );
}

/** A modal dialog of the browser's own: focus stays inside, Escape closes. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} class={props.wide === true ? "dialog dialog-wide" : "dialog"} aria-label={props.title} onClose={props.onClose} onClick={(event) => event.target === element.current && element.current?.close()}>
      <div class="dialog-inner">
        {/* A long one is read from its top, not from the button at its end. */}
        <h2 {...(props.wide === true ? { tabIndex: -1, autofocus: true } : {})}>{props.title}</h2>
        {props.children}
      </div>
    </dialog>
  );
}
