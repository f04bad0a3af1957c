import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, createApi, type Session } from "./api.ts";
import { chosen, t } from "./i18n/index.ts";
import { startLanguage } from "./i18n/language.ts";
import { LabelPage } from "./label/page.tsx";
import { HomePage } from "./pages/home.tsx";
import { ModelsPage } from "./pages/models.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { TaskPage } from "./pages/task.tsx";
import { AppContext } from "./ui/context.ts";
import { useWatched } from "./ui/hooks.ts";
import { ErrorNote } from "./ui/parts.tsx";

/** The addresses of the pages; the server answers all of them with the same file. */
function Page(props: { path: string }) {
  const [, kind, id] = /^\/(task|label)\/([0-9a-z]+)\/?$/.exec(props.path) ?? [];
  if (kind === "task" && id !== undefined) return <TaskPage taskId={id} />;
  if (kind === "label" && id !== undefined) return <LabelPage taskId={id} />;
  if (/^\/model\/?$/.test(props.path)) return <ModelsPage />;
  return <HomePage />;
}

function App() {
  // Another language draws everything anew; what the components hold stays.
  useWatched(chosen);
  const [session, setSession] = useState<Session | null>(null);
  const [signedOut, setSignedOut] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const api = useMemo(() => createApi({ onSignedOut: () => setSignedOut(true) }), []);
  const ask = (): void => {
    setError(null);
    api.session().then(setSession, (problem: unknown) => (problem instanceof ApiError && problem.status === 401 ? setSignedOut(true) : setError(problem)));
  };
  useEffect(ask, []);
  // Signed in meanwhile in another window.
  useEffect(() => {
    if (!signedOut) return undefined;
    const look = (): void => void api.session().then((found) => (setSession(found), setSignedOut(false)), () => undefined);
    window.addEventListener("focus", look);
    return () => window.removeEventListener("focus", look);
  }, [signedOut]);

  const signIn = async (key: string): Promise<void> => {
    setSession(await api.signIn(key));
    setSignedOut(false);
  };
  const signOut = (): void => {
    void api.signOut().finally(() => {
      setSession(null);
      setSignedOut(true);
    });
  };

  if (error !== null)
    return (
      <main class="page alone">
        <ErrorNote error={error}>
          <button type="button" onClick={ask}>
            {t("tryAgain")}
          </button>
        </ErrorNote>
      </main>
    );
  return (
    <>
      {session === null ? null : (
        <AppContext.Provider value={{ api, session, signOut }}>
          <Page path={location.pathname} />
        </AppContext.Provider>
      )}
      {/* Over the page, not instead of it: unsaved labels stay where they are. */}
      {signedOut ? <SignIn onKey={signIn} again={session !== null} provider={() => api.session().then(() => null, (problem: unknown) => (problem instanceof ApiError ? problem.signInUrl : null))} /> : null}
    </>
  );
}

startLanguage();
const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
