import { useState } from "preact/hooks";
import type { StatusAnswer } from "../api.ts";
import type { RetryBody, StepName } from "../../../../domain/task.ts";
import { t } from "../i18n/index.ts";
import { changedSettings, fromSettings, RETRY_FIELDS } from "../settings.ts";
import { useApp } from "../ui/context.ts";
import { Fields } from "../ui/fields.tsx";
import { ErrorNote } from "../ui/parts.tsx";
import { fieldOf } from "./submit-form.tsx";

/** A parked step again, with the settings that could mend it. */
export function RetryForm(props: { task: StatusAnswer; step: StepName; onRetried: () => Promise<void> }) {
  const { api } = useApp();
  const fields = RETRY_FIELDS[props.step];
  const [values, setValues] = useState(() => fromSettings(fields, props.task.settings));
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const settings = changedSettings(fields, values, props.task.settings);
      const body = (Object.keys(settings).length === 0 ? { step: props.step } : { step: props.step, settings }) as RetryBody;
      await api.retry(props.task.task_id, body);
      await props.onRetried();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  // The server names a setting of a retry with or without `settings.` before it.
  const named = fieldOf(error);
  const at = named === null ? null : { ...named, field: named.field.replace(/^settings\./, "") };
  const shown = at !== null && fields.some((field) => at.field === field.path || at.field.startsWith(`${field.path}.`));
  return (
    <form class="retry" onSubmit={(event) => void submit(event)} noValidate aria-label={t("pages.step.retry")}>
      <div class="retry-fields">
        <Fields fields={fields} values={values} error={at} onChange={(path, text) => setValues({ ...values, [path]: text })} prefix={`retry-${props.step}`} />
      </div>
      {shown ? null : <ErrorNote error={error} />}
      <button class="primary" type="submit" disabled={busy}>
        {t("tryAgain")}
      </button>
    </form>
  );
}
