import { useRef, useState } from "preact/hooks";
import type { TaskBody } from "../../../../domain/task.ts";
import { ApiError } from "../api.ts";
import { t } from "../i18n/index.ts";
import { ADVANCED_GROUPS, FieldError, MAIN_FIELDS, toBody, type FieldValues } from "../settings.ts";
import { useApp } from "../ui/context.ts";
import { belongs, Fields } from "../ui/fields.tsx";
import { ErrorNote } from "../ui/parts.tsx";

const ALL = [...MAIN_FIELDS, ...ADVANCED_GROUPS.flatMap((group) => group.fields)];
const REMEMBERED = "actverse.user";

const randomKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A new task. What the server refuses is shown at the field that it names. */
export function SubmitForm() {
  const { api, session } = useApp();
  const fixedUser = session.authentication === "keys" && !session.admin;
  const [values, setValues] = useState<FieldValues>({ user_id: session.authentication === "keys" ? session.user_id : (localStorage.getItem(REMEMBERED) ?? "") });
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const advanced = useRef<HTMLDetailsElement>(null);
  // The same content sent twice (a double click, a lost answer) is one task.
  const key = useRef(randomKey());

  const change = (path: string, text: string): void => {
    key.current = randomKey();
    setValues({ ...values, [path]: text });
    if (belongs(fieldOf(error)?.field, path)) setError(null);
  };

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const body = toBody(ALL, fixedUser ? { ...values, user_id: session.user_id } : values) as unknown as TaskBody;
      localStorage.setItem(REMEMBERED, body.user_id);
      const made = await api.createTask(body, key.current);
      location.assign(`/task/${made.task_id}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
      focusField(fieldOf(problem)?.field);
    }
  };

  const focusField = (path: string | undefined): void => {
    const field = ALL.find((one) => belongs(path, one.path));
    if (field === undefined) return;
    if (!MAIN_FIELDS.includes(field) && advanced.current !== null) advanced.current.open = true;
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>(`[name="${field.path}"]`)?.focus());
  };

  const at = fieldOf(error);
  const known = at !== null && ALL.some((field) => belongs(at.field, field.path));
  const fields = { values, error: at, onChange: change, prefix: "new" };
  return (
    <form ref={form} class="card submit-form" onSubmit={(event) => void submit(event)} noValidate aria-labelledby="new-task">
      <h2 id="new-task">{t("pages.submit.title")}</h2>
      <Fields {...fields} fields={fixedUser ? MAIN_FIELDS.filter((field) => field.path !== "user_id") : MAIN_FIELDS} required={["file_path", "user_id"]} />
      <details ref={advanced}>
        <summary>{t("pages.submit.more")}</summary>
        {ADVANCED_GROUPS.map((group) => (
          <fieldset key={group.title}>
            <legend>{t(group.title)}</legend>
            <Fields {...fields} fields={group.fields} />
          </fieldset>
        ))}
      </details>
      {error === null || known ? null : <ErrorNote error={error} />}
      <button class="primary" type="submit" disabled={busy}>
        {t(busy ? "pages.submit.busy" : "pages.submit.submit")}
      </button>
    </form>
  );
}

/** Which field a problem is about, and what to write under it. */
export function fieldOf(problem: unknown): { field: string; message: string } | null {
  if (problem instanceof FieldError) return { field: problem.field, message: problem.message };
  if (!(problem instanceof ApiError) || problem.field === null) return null;
  return { field: problem.field, message: problem.whatToDo === null ? problem.message : `${problem.message} ${problem.whatToDo}` };
}
