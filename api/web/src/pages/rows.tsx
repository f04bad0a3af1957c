import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, hexOf } from "../../../../domain/report/parts.ts";
import type { ResultRow } from "../../../../domain/result.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";

/** Rows that are fetched at once: seconds of video. */
const CHUNK = 250;
/** A player's clock is not exact to the microsecond. */
const LATE_S = 0.0005;

type Moment = { frame: number } | { time: number };
interface Chunk {
  /** What was asked for. */
  of: Moment;
  rows: ResultRow[];
  next: number | null;
}

/** What result.json says of one frame, without loading more than the rows around it. `player`: follows it where there is a video. */
export function Rows(props: { taskId: string; player: RefObject<HTMLVideoElement | null>; onSeek: ((time: number) => void) | null }) {
  const { api } = useApp();
  const [moment, setMoment] = useState<Moment>({ time: 0 });
  const [chunk, setChunk] = useState<Chunk | null>(null);
  const [error, setError] = useState<unknown>(null);
  const newest = useRef<Moment | null>(null);
  const row = chunk === null ? null : rowAt(chunk, moment);

  useEffect(() => {
    const video = props.player.current;
    if (video === null) return undefined;
    const follow = (): void => setMoment({ time: video.currentTime });
    for (const event of ["timeupdate", "seeked"]) video.addEventListener(event, follow);
    return () => {
      for (const event of ["timeupdate", "seeked"]) video.removeEventListener(event, follow);
    };
  }, [props.onSeek === null]);

  useEffect(() => {
    if (row !== null) return;
    newest.current = moment;
    // Of a moment that is over, an answer is of no use.
    const ifNewest = <T,>(take: (given: T) => void) => (given: T): void => void (newest.current === moment && take(given));
    api.resultRows(props.taskId, "time" in moment ? { time: moment.time + LATE_S } : moment, CHUNK).then(ifNewest((found) => setChunk({ of: moment, ...found })), ifNewest(setError));
  }, [moment, row === null]);

  const show = (event: Event): void => {
    event.preventDefault();
    const frame = Number(new FormData(event.currentTarget as HTMLFormElement).get("frame"));
    setMoment({ frame });
  };
  useEffect(() => {
    if (row !== null && "frame" in moment) props.onSeek?.(row.timestamp);
  }, [row?.frame, moment]);

  if (chunk !== null && chunk.rows.length === 0) return null;
  return (
    <div class="rows">
      <h3>{t("pages.rows.title")}</h3>
      <ErrorNote error={error} />
      <form class="rows-form" onSubmit={show}>
        <label>
          {t("pages.rows.frame")} <input type="number" name="frame" min={0} step={1} required value={row?.frame ?? 0} />
        </label>
        <button type="submit">{t("pages.rows.show")}</button>
        {row === null ? null : <span class="muted">{t("pages.rows.at", { time: clock(row.timestamp, true) })}</span>}
      </form>
      {row === null ? null : <Animals row={row} />}
    </div>
  );
}

/** null where the moment lies outside of these rows. */
function rowAt({ of, rows, next }: Chunk, moment: Moment): ResultRow | null {
  const after = rows.findIndex((row) => ("frame" in moment ? row.frame > moment.frame : row.timestamp > moment.time + LATE_S));
  if (after < 0) return next === null ? (rows.at(-1) ?? null) : null;
  // Before the first row of all there is none: it is shown until it begins.
  return rows[after - 1] ?? (of === moment ? rows[0]! : null);
}

function Animals({ row }: { row: ResultRow }) {
  if (row.ids.length === 0) return <p class="muted">{t("pages.rows.none")}</p>;
  return (
    <table>
      <thead>
        <tr>
          <th>{t("pages.rows.animal")}</th>
          <th>{t("pages.rows.score")}</th>
          <th>{t("pages.rows.box")}</th>
        </tr>
      </thead>
      <tbody>
        {row.ids.map((id, i) => (
          <tr key={id}>
            <td>
              <span class="animal-id" style={{ "--id": hexOf(id) }}>
                {id}
              </span>
            </td>
            <td>{row.boxes_score[i]!.toFixed(2)}</td>
            <td>{row.boxes[i]!.map((side) => side.toFixed(3)).join("  ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
