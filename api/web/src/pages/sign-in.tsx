import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { LanguageSwitch } from "../i18n/language-switch.tsx";
import mark from "../ui/mark.svg";
import { ErrorNote } from "../ui/parts.tsx";

/**
 * Asks for the API key; the server answers with a session cookie, and the key is kept nowhere. Or leads to the identity provider, where there is one
 * (`provider`): from a page that is open already in another window, so that nothing on it is lost.
 */
export function SignIn(props: { onKey: (key: string) => Promise<void>; again: boolean; provider: () => Promise<string | null> }) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [key, setKey] = useState("");
  const [providerUrl, setProviderUrl] = useState<string | null>(null);
  useEffect(() => void props.provider().then(setProviderUrl), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await props.onKey(key);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class={props.again ? "sign-in sign-in-over" : "sign-in"}>
      <form class="card" onSubmit={(event) => void submit(event)}>
        <div class="brand">
          <img src={mark} alt="" width="28" height="28" />
          <span>Actverse</span>
          <LanguageSwitch />
        </div>
        <p class="muted">{t(props.again ? "signIn.again" : "signIn.first")}</p>
        <label class="field">
          <span class="field-name">{t("signIn.key")}</span>
          <input name="api_key" type="password" value={key} onInput={(event) => setKey(event.currentTarget.value)} autocomplete="current-password" required autofocus />
        </label>
        <ErrorNote error={error} />
        <button class="primary" type="submit" disabled={busy}>
          {t("signIn.submit")}
        </button>
        {providerUrl === null ? null : (
          <a class="sign-in-provider" href={`${providerUrl}?to=${encodeURIComponent(props.again ? "/" : location.pathname)}`} {...(props.again ? { target: "_blank", rel: "noopener" } : {})}>
            {t("signIn.provider")}
          </a>
        )}
      </form>
    </div>
  );
}
