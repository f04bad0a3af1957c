import { useEffect, useRef, useState } from "preact/hooks";
import type { ResultFileRow } from "../api.ts";
import { bytes } from "../format.ts";
import { t, type TextKey } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";
import { Quality } from "./quality.tsx";
import { Rows } from "./rows.tsx";

const MEANING: Record<string, Extract<TextKey, `pages.results.${string}`>> = {
  "result.json": "pages.results.resultJson",
  "quality.json": "pages.results.quality",
  "frames.csv": "pages.results.framesCsv",
  "tracks.csv": "pages.results.tracksCsv",
  "tracks.parquet": "pages.results.tracksParquet",
  "dlc.csv": "pages.results.dlcCsv",
  "via-tracks.csv": "pages.results.viaTracksCsv",
  "annotated.mp4": "pages.results.annotated",
  "report.html": "pages.results.report",
  "notebook.ipynb": "pages.results.notebook",
  "labels-coco.json": "pages.results.labelsCoco",
  "labels-yolo.zip": "pages.results.labelsYolo",
};

const meaning = (name: string): string => {
  const key = MEANING[name];
  return key === undefined ? "" : t(key);
};

/** The moment that the address names: `?t=12.5`; null where it names none. */
function momentAsked(): number | null {
  const asked = Number(new URLSearchParams(location.search).get("t") ?? Number.NaN);
  return Number.isFinite(asked) && asked >= 0 ? asked : null;
}

/** What a finished task made: the video first, then every file, and how far it can be trusted. */
export function Results(props: { taskId: string }) {
  const { api } = useApp();
  const [files, setFiles] = useState<ResultFileRow[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    api.results(props.taskId).then((found) => setFiles(found.files), setError);
  }, [props.taskId]);
  const player = useRef<HTMLVideoElement>(null);
  const seek = (time: number): void => {
    if (player.current === null) return;
    player.current.pause();
    player.current.currentTime = time;
    player.current.scrollIntoView({ block: "nearest" });
    history.replaceState(null, "", `?t=${time.toFixed(2)}`);
  };
  const video = files?.find((file) => file.name === "annotated.mp4");
  const report = files?.find((file) => file.name === "report.html");
  const quality = files?.find((file) => file.name === "quality.json");
  const begin = (): void => {
    const asked = momentAsked();
    if (asked !== null) seek(asked);
  };
  return (
    <section class="card results" aria-labelledby="results">
      <div class="results-head">
        <h2 id="results">{t("pages.results.title")}</h2>
        {report === undefined ? null : (
          <a class="button" href={report.url} target="_blank" rel="noopener">
            {t("pages.results.openReport")}
          </a>
        )}
      </div>
      <ErrorNote error={error} />
      <div class="results-inner">
        {video === undefined ? null : <video ref={player} src={video.url} onLoadedMetadata={begin} controls muted playsInline preload="metadata" aria-label={t("pages.results.video")} />}
        {files === null ? null : (
          <ul class="files">
            {files.map((file) => (
              <li key={file.name}>
                <a href={file.url} download={file.name.split("/").at(-1)}>
                  {file.name}
                </a>
                <span class="muted">{meaning(file.name)}</span>
                <span class="muted file-size">{bytes(file.bytes)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {quality === undefined ? null : <Quality url={quality.url} onSeek={video === undefined ? null : seek} />}
      {files?.some((file) => file.name === "result.json") === true ? <Rows taskId={props.taskId} player={player} onSeek={video === undefined ? null : seek} /> : null}
    </section>
  );
}
