import { useEffect, useState } from "preact/hooks";
import type { ResultFileRow } from "../api.ts";
import { bytes } from "../format.ts";
import { t, type TextKey } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";

const MEANING: Record<string, Extract<TextKey, `pages.results.${string}`>> = {
  "result.json": "pages.results.resultJson",
  "frames.csv": "pages.results.framesCsv",
  "tracks.csv": "pages.results.tracksCsv",
  "annotated.mp4": "pages.results.annotated",
  "notebook.ipynb": "pages.results.notebook",
};

const meaning = (name: string): string => {
  const key = MEANING[name];
  return key === undefined ? "" : t(key);
};

/** What a finished task made: the video first, then every file. */
export function Results(props: { taskId: string }) {
  const { api } = useApp();
  const [files, setFiles] = useState<ResultFileRow[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    api.results(props.taskId).then((found) => setFiles(found.files), setError);
  }, [props.taskId]);
  const video = files?.find((file) => file.name === "annotated.mp4");
  return (
    <section class="card results" aria-labelledby="results">
      <h2 id="results">{t("pages.results.title")}</h2>
      <ErrorNote error={error} />
      <div class="results-inner">
        {video === undefined ? null : <video src={video.url} controls muted playsInline preload="metadata" aria-label={t("pages.results.video")} />}
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
    </section>
  );
}
