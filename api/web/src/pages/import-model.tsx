import { useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";
import { ErrorNote } from "../ui/parts.tsx";

/** A person brings a model of their own. */
export function ImportModel(props: { onDone: () => Promise<void> }) {
  const { api } = useApp();
  const [path, setPath] = useState("");
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [running, setRunning] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    setRunning(null);
    try {
      const answer = await api.importModel({ file_path: path.trim(), name: name.trim() });
      if (answer.result === undefined) setRunning(answer.run_id);
      else setPath("");
      await props.onDone();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const field = error instanceof ApiError ? error.field : null;
  return (
    <form
      class="card submit-form"
      aria-labelledby="import"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h2 id="import">{t("pages.models.bring")}</h2>
      <p class="muted">{t("pages.models.bringText")}</p>
      <div class="field">
        <label class="field-name" for="import-path">
          {t("pages.models.file")}
        </label>
        <input id="import-path" required value={path} onInput={(event) => setPath(event.currentTarget.value)} placeholder="/models/mice.onnx" aria-invalid={field === "file_path"} />
        <span class="field-hint">{t("pages.models.fileHint")}</span>
      </div>
      <div class="field">
        <label class="field-name" for="import-name">
          {t("pages.models.name")}
        </label>
        <input id="import-name" required value={name} onInput={(event) => setName(event.currentTarget.value)} placeholder="mice" aria-invalid={field === "name"} />
        <span class="field-hint">{t("pages.models.nameHint")}</span>
      </div>
      <ErrorNote error={error} />
      {running === null ? null : (
        <p class="note">
          <a href={`/task/${running}`}>{t("pages.models.running")}</a>
        </p>
      )}
      <button type="submit" class="primary" disabled={busy}>
        {t(busy ? "pages.models.busy" : "pages.models.submit")}
      </button>
    </form>
  );
}
