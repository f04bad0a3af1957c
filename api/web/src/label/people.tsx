import type { Person, Session } from "../api.ts";
import { t } from "../i18n/index.ts";
import { useApp } from "../ui/context.ts";

/** Your own other window is somebody else, too. */
export function nameOf(by: string | null, session: Session): string {
  if (by === null) return t("label.banner.somebody");
  if (session.authentication === "off") return t("label.banner.otherWindow");
  return by === session.user_id ? t("label.banner.yourOtherWindow") : by;
}

/** Who else has this task open, and where. */
export function People(props: { people: readonly Person[]; onSelect: (frame: number) => void }) {
  const { session } = useApp();
  if (props.people.length === 0) return null;
  return (
    <ul class="people" aria-label={t("label.people.title")}>
      {props.people.map((person) => (
        <li key={person.client}>
          <button type="button" class="person" disabled={person.frame === null} onClick={() => person.frame !== null && props.onSelect(person.frame)} title={t("label.people.goTo")}>
            {nameOf(person.user_id, session)}
            {person.frame === null ? "" : ` · ${person.frame}`}
          </button>
        </li>
      ))}
    </ul>
  );
}
