import { useEffect, useState } from "preact/hooks";
import type { ResultFileRow } from "../api.ts";
import { bytes } from "../format.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";

const MEANING: Record<string, string> = {
  "result.json": "every animal in every frame",
  "tracks.csv": "one row per animal and frame",
  "annotated.mp4": "the video with the results drawn in",
  "notebook.ipynb": "a notebook that reads the results",
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
      <h2 id="results">Results</h2>
      <ErrorNote error={error} />
      <div class="results-inner">
        {video === undefined ? null : <video src={video.url} controls muted playsInline preload="metadata" aria-label="The video with the results drawn in" />}
        {files === null ? null : (
          <ul class="files">
            {files.map((file) => (
              <li key={file.name}>
                <a href={file.url} download={file.name.split("/").at(-1)}>
                  {file.name}
                </a>
                <span class="muted">{MEANING[file.name] ?? ""}</span>
                <span class="muted file-size">{bytes(file.bytes)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
