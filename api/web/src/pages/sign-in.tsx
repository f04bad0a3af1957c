import { useState } from "preact/hooks";
import mark from "../ui/mark.svg";
import { ErrorNote } from "../ui/parts.tsx";

/** Asks for the API key; the server answers with a session cookie, and the key is kept nowhere. */
export function SignIn(props: { onKey: (key: string) => Promise<void>; again: boolean }) {
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [key, setKey] = useState("");
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
        </div>
        <p class="muted">{props.again ? "Your session has ended. Sign in again; nothing on the page is lost." : "Sign in with the API key that your administrator gave you."}</p>
        <label class="field">
          <span class="field-name">API key</span>
          <input name="api_key" type="password" value={key} onInput={(event) => setKey(event.currentTarget.value)} autocomplete="current-password" required autofocus />
        </label>
        <ErrorNote error={error} />
        <button class="primary" type="submit" disabled={busy}>
          Sign in
        </button>
      </form>
    </div>
  );
}
