import { useEffect, useRef } from "preact/hooks";
import type { FrameStatus } from "../../../../domain/labels.ts";
import type { LabelState } from "./store.ts";

const MARKS: Record<FrameStatus, { sign: string; words: string }> = {
  unlabeled: { sign: "", words: "no labels yet" },
  prelabeled: { sign: "", words: "to be reviewed" },
  reviewed: { sign: "✓", words: "reviewed" },
};

/** Every frame of the task with its state. */
export function Filmstrip(props: { state: LabelState; urlOf: (frame: number) => string; onSelect: (frame: number) => void }) {
  const { task, frame } = props.state;
  const strip = useRef<HTMLOListElement>(null);
  useEffect(() => {
    strip.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [frame, task === null]);
  if (task === null) return null;
  return (
    <ol ref={strip} class="filmstrip" aria-label="Frames">
      {task.frames.map((row) => {
        const mark = MARKS[row.status];
        const commented = row.comment !== undefined && row.comment !== "";
        const unsaved = props.state.save.unsaved.includes(row.frame);
        return (
          <li key={row.frame}>
            <button
              type="button"
              class={`film film-${row.status}${commented ? " film-commented" : ""}${unsaved ? " film-unsaved" : ""}`}
              aria-current={row.frame === frame ? "true" : undefined}
              aria-label={`Frame ${row.frame}, ${mark.words}, ${row.objects} drawn${commented ? ", with a comment" : ""}${unsaved ? ", not saved yet" : ""}`}
              title={`Frame ${row.frame}: ${mark.words}${commented ? ` · ${row.comment}` : ""}`}
              onClick={() => props.onSelect(row.frame)}
            >
              <img src={props.urlOf(row.frame)} alt="" loading="lazy" decoding="async" />
              <span class="film-number">{row.frame}</span>
              <span class="film-mark" aria-hidden="true">
                {unsaved ? "•" : commented && row.status !== "reviewed" ? "!" : mark.sign}
              </span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
