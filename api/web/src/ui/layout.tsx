import type { ComponentChildren } from "preact";
import { t } from "../i18n/index.ts";
import { LanguageSwitch } from "../i18n/language-switch.tsx";
import mark from "./mark.svg";
import { useApp } from "./context.ts";

/** The bar on top of every page, and the page below it. */
export function Layout(props: { children: ComponentChildren; wide?: boolean; middle?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class={props.wide === true ? "app app-wide" : "app"}>
      <header class="bar">
        <a class="brand" href="/">
          <img src={mark} alt="" width="24" height="24" />
          <span>Actverse</span>
        </a>
        <div class="bar-middle">{props.middle}</div>
        <div class="bar-actions">
          {props.actions}
          {props.wide === true ? null : (
            <a class="bar-link" href="/model">
              {t("models")}
            </a>
          )}
          <LanguageSwitch />
          <Who />
        </div>
      </header>
      <main class="page">{props.children}</main>
    </div>
  );
}

function Who() {
  const { session, signOut } = useApp();
  if (session.authentication === "off") return null;
  return (
    <span class="who">
      <span class="muted">{session.user_id}</span>
      <button type="button" class="quiet" onClick={signOut}>
        {t("signOut")}
      </button>
    </span>
  );
}
