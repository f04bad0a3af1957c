import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api, Session } from "../api.ts";

/** What every page needs: who is signed in, and the way to the server. */
export interface AppContext {
  api: Api;
  session: Session;
  signOut: () => void;
}

export const AppContext = createContext<AppContext | null>(null);

export function useApp(): AppContext {
  const app = useContext(AppContext);
  if (app === null) throw new Error("no application around this component");
  return app;
}
