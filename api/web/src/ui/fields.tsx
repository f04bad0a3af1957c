import { t } from "../i18n/index.ts";
import { offOf, switched, type Field, type FieldValues } from "../settings.ts";

/** Labelled inputs for a table of settings; the error of a field stands under it. */
export function Fields(props: { fields: readonly Field[]; values: FieldValues; error: { field: string; message: string } | null; onChange: (path: string, text: string) => void; required?: readonly string[]; prefix: string }) {
  return (
    <>
      {props.fields.map((field) => (
        <OneField
          key={field.path}
          field={field}
          id={`${props.prefix}-${field.path.replaceAll(".", "-")}`}
          text={props.values[field.path] ?? ""}
          error={belongs(props.error?.field, field.path) ? (props.error?.message ?? null) : null}
          required={props.required?.includes(field.path) ?? false}
          onChange={(text) => props.onChange(field.path, text)}
        />
      ))}
    </>
  );
}

/** `classes.0` is an error of `classes`. */
export const belongs = (errorField: string | undefined, path: string): boolean => errorField !== undefined && (errorField === path || errorField.startsWith(`${path}.`));

function OneField(props: { field: Field; id: string; text: string; error: string | null; required: boolean; onChange: (text: string) => void }) {
  const { field, id, error } = props;
  const described = [field.hint === undefined ? null : `${id}-hint`, error === null ? null : `${id}-error`].filter((part) => part !== null).join(" ");
  const common = { id, name: field.path, "aria-invalid": error !== null, ...(described === "" ? {} : { "aria-describedby": described }) };
  const placeholder = field.placeholder === undefined ? (field.example ?? "") : t(field.placeholder);
  const change = (event: Event): void => props.onChange((event.currentTarget as HTMLInputElement).value);
  const note = (
    <>
      {error === null ? null : (
        <span class="field-error" id={`${id}-error`}>
          {error}
        </span>
      )}
      {field.hint === undefined ? null : (
        <span class="field-hint" id={`${id}-hint`}>
          {t(field.hint)}
        </span>
      )}
    </>
  );
  if (field.kind === "check")
    return (
      <div class="field field-check">
        <label for={id}>
          <input {...common} type="checkbox" checked={props.text === "true"} onChange={(event) => props.onChange(String(event.currentTarget.checked))} /> {t(field.label)}
        </label>
        {note}
      </div>
    );
  if (field.kind === "switches")
    return (
      <div class="field field-switches" role="group" aria-labelledby={`${id}-name`} {...(described === "" ? {} : { "aria-describedby": described })}>
        <span class="field-name" id={`${id}-name`}>
          {t(field.label)}
        </span>
        <div class="switches">
          {(field.choices ?? []).map((choice, i) => (
            <label key={choice}>
              <input type="checkbox" name={`${field.path}.${choice}`} checked={!offOf(props.text).includes(choice)} onChange={(event) => props.onChange(switched(props.text, choice, event.currentTarget.checked))} /> {t(field.names?.[i] ?? field.label)}
            </label>
          ))}
        </div>
        {note}
      </div>
    );
  const input = (): preact.JSX.Element => {
    if (field.kind === "choice")
      return (
        <select {...common} value={props.text === "" ? (field.choices?.[0] ?? "") : props.text} onChange={change}>
          {(field.choices ?? []).map((choice) => (
            <option key={choice} value={choice}>
              {choice === "auto" ? t("pages.settings.automatic") : choice}
            </option>
          ))}
        </select>
      );
    if (field.kind === "path-list") return <textarea {...common} rows={2} value={props.text} placeholder={placeholder} onInput={change} />;
    const typed = { ...common, value: props.text, placeholder, required: props.required, autocomplete: "off", spellcheck: false, onInput: change } as const;
    if (field.kind === "integer" || field.kind === "number") return <input {...typed} type="number" min={field.min ?? 0} step={field.step ?? 1} {...(field.max === undefined ? {} : { max: field.max })} />;
    return <input {...typed} type="text" />;
  };
  return (
    <div class={field.half === true ? "field field-half" : "field"}>
      <label class="field-name" for={id}>
        {t(field.label)}
      </label>
      {input()}
      {note}
    </div>
  );
}
