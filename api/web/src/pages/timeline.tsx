import type { TaskEvent } from "../../../../domain/events.ts";
import { clock, eventText } from "../format.ts";

/** One line per event, newest last; a new day gets a line of its own. */
export function Timeline(props: { events: TaskEvent[] }) {
  if (props.events.length === 0) return <p class="muted">Nothing yet.</p>;
  let lastDay = "";
  return (
    <ol class="timeline">
      {props.events.map((event, index) => {
        const date = new Date(event.at).toLocaleDateString(undefined, { dateStyle: "medium" });
        const newDay = date !== lastDay;
        lastDay = date;
        const text = eventText(event);
        return (
          <li key={index} class={/parked|failed|refused/.test(event.event) ? "event event-bad" : "event"}>
            {newDay ? <span class="event-day">{date}</span> : null}
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
