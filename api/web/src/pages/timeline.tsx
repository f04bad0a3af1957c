import type { TaskEvent } from "../../../../domain/events.ts";
import { clock, date, eventText } from "../format.ts";
import { t } from "../i18n/index.ts";

/** One line per event, newest last; a new day gets a line of its own. */
export function Timeline(props: { events: TaskEvent[] }) {
  if (props.events.length === 0) return <p class="muted">{t("pages.task.noEvents")}</p>;
  let lastDay = "";
  return (
    <ol class="timeline">
      {props.events.map((event, index) => {
        const today = date(event.at);
        const newDay = today !== lastDay;
        lastDay = today;
        const text = eventText(event);
        return (
          <li key={index} class={/parked|failed|refused/.test(event.event) ? "event event-bad" : "event"}>
            {newDay ? <span class="event-day">{today}</span> : null}
            <time dateTime={event.at}>{clock(event.at)}</time>
            <span class="event-name">{event.event}</span>
            <span class="event-data" title={text}>
              {text}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
