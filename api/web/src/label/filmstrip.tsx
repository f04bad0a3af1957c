import { useEffect, useRef } from "preact/hooks";
import type { FrameStatus } from "../../../../domain/labels.ts";
import type { Person } from "../api.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { nameOf } from "./people.tsx";
import type { LabelState } from "./store.ts";

const MARKS: Record<FrameStatus, string> = { unlabeled: "", prelabeled: "", reviewed: "✓" };

/** Every frame of the task with its state. */
export function Filmstrip(props: { state: LabelState; people: readonly Person[]; urlOf: (frame: number) => string; onSelect: (frame: number) => void }) {
  const { task, frame } = props.state;
  const { session } = useApp();
  const strip = useRef<HTMLOListElement>(null);
  useEffect(() => {
    strip.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [frame, task === null]);
  if (task === null) return null;
  return (
    <ol ref={strip} class="filmstrip" aria-label={t("label.film.title")}>
      {task.frames.map((row) => {
        const status = t(`label.film.status.${row.status}`);
        const commented = row.comment !== undefined && row.comment !== "";
        const here = props.people.filter((person) => person.frame === row.frame).map((person) => nameOf(person.user_id, session));
        const unsaved = props.state.save.unsaved.includes(row.frame);
        return (
          <li key={row.frame}>
            <button
              type="button"
              class={`film film-${row.status}${commented ? " film-commented" : ""}${unsaved ? " film-unsaved" : ""}`}
              aria-current={row.frame === frame ? "true" : undefined}
              aria-label={[t("label.film.frame", { frame: row.frame, status, drawn: row.objects }), commented ? t("label.film.commented") : "", unsaved ? t("label.film.unsaved") : "", ...here.map((by) => t("label.people.isHere", { by }))].filter((part) => part !== "").join(", ")}
              title={`${t("label.film.short", { frame: row.frame, status })}${commented ? ` · ${row.comment}` : ""}`}
              onClick={() => props.onSelect(row.frame)}
            >
              <img src={props.urlOf(row.frame)} alt="" loading="lazy" decoding="async" />
              <span class="film-number">{row.frame}</span>
              {here.length > 0 ? <span class="film-person" data-who={here[0]} /> : null}
              <span class="film-mark" aria-hidden="true">
                {unsaved ? "•" : commented && row.status !== "reviewed" ? "!" : MARKS[row.status]}
              </span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
