import { useEffect, useState } from "preact/hooks";
import { LISTED, LOW_SCORE, type Moment, type Quality as Found } from "../../../../domain/quality/quality.ts";
import { clock, hexOf, percent } from "../../../../domain/report/parts.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";

/** Moments that are seen before the rest is unfolded. */
const FIRST = 6;
const KINDS = ["missing", "low_confidence", "suspected_swaps"] as const;
type Kind = (typeof KINDS)[number];

const TITLES = { missing: "pages.quality.missing", low_confidence: "pages.quality.low", suspected_swaps: "pages.quality.swaps" } as const;
const WORDS: Record<Kind, (moment: Moment) => string> = {
  missing: ({ value }) => t("pages.quality.found", { count: value }),
  low_confidence: ({ value }) => t("pages.quality.down", { value: value.toFixed(2) }),
  suspected_swaps: ({ why }) => t(why === "overlap" ? "pages.quality.overlap" : "pages.quality.jump"),
};

/** How far the results can be trusted, and where to look; each moment leads the video there. `onSeek`: null where there is no video. */
export function Quality(props: { url: string; onSeek: ((time: number) => void) | null }) {
  const { api } = useApp();
  const [quality, setQuality] = useState<Found | null>(null);
  useEffect(() => {
    // Without it the files are still there: nothing that a person must be told.
    api.quality(props.url).then(setQuality, () => setQuality(null));
  }, [props.url]);
  if (quality === null) return null;
  if (quality.ids === 0 && quality.frames > 0) {
    return (
      <div class="note note-warn" role="alert">
        <strong>{t("pages.quality.nothing", { count: quality.frames })}</strong>
        <span>{t("pages.quality.nothingWhat")}</span>
      </div>
    );
  }
  const { complete, expected, mean_score: score } = quality;
  const good = complete.share >= 0.95 ? "good" : complete.share >= 0.8 ? "warn" : "bad";
  return (
    <div class="quality">
      <h3>{t("pages.quality.title")}</h3>
      <ul class="tiles">
        <Tile kind={good} figure={quality.frames === 0 ? "–" : percent(complete.share)} text={t(expected.from === "settings" ? "pages.quality.complete" : "pages.quality.completeUsual", { count: expected.animals })} />
        {KINDS.map((kind) => (
          <Tile key={kind} kind={quality[kind].count === 0 ? "good" : kind === "suspected_swaps" ? "bad" : "warn"} figure={String(quality[kind].count)} text={t(TITLES[kind])} />
        ))}
        {score === null ? null : <Tile kind={score >= 0.7 ? "good" : "warn"} figure={score.toFixed(2)} text={t("pages.quality.score")} />}
      </ul>
      <div class="moments">
        {KINDS.filter((kind) => quality[kind].count > 0).map((kind) => {
          const { count, listed } = quality[kind];
          const items = listed.map((moment) => <MomentRow key={`${moment.frame} ${moment.ids.join(" ")}`} moment={moment} word={WORDS[kind](moment)} onSeek={props.onSeek} />);
          return (
            <div key={kind}>
              <h4>
                {t(TITLES[kind])} {count > LISTED ? <span class="muted">{t("pages.quality.worst", { count: listed.length })}</span> : null}
              </h4>
              <ol>{items.slice(0, FIRST)}</ol>
              {items.length <= FIRST ? null : (
                <details>
                  <summary>{t("pages.quality.more", { count: items.length - FIRST })}</summary>
                  <ol>{items.slice(FIRST)}</ol>
                </details>
              )}
            </div>
          );
        })}
      </div>
      <p class="field-hint">{t("pages.quality.explained", { score: LOW_SCORE })}</p>
    </div>
  );
}

const Tile = (props: { kind: string; figure: string; text: string }) => (
  <li class={`tile tile-${props.kind}`}>
    <strong>{props.figure}</strong> <span>{props.text}</span>
  </li>
);

function MomentRow(props: { moment: Moment; word: string; onSeek: ((time: number) => void) | null }) {
  const { frame, time, end_time: end, ids } = props.moment;
  const text = end - time < 0.05 ? clock(time, true) : `${clock(time, true)}–${clock(end, true)}`;
  const seek = (event: Event): void => {
    event.preventDefault();
    props.onSeek?.(time);
  };
  return (
    <li>
      {props.onSeek === null ? (
        <strong>{text}</strong>
      ) : (
        <a href={`?t=${time.toFixed(2)}`} onClick={seek}>
          {text}
        </a>
      )}{" "}
      {ids.map((id) => (
        <span key={id} class="animal-id" style={{ "--id": hexOf(id) }}>
          {id}
        </span>
      ))}{" "}
      <span class="muted">
        {props.word} · {t("pages.quality.frame", { frame })}
      </span>
    </li>
  );
}
