import { useEffect, useRef, useState } from "preact/hooks";

/** Whatever can be read and watched: a store outside of the components. */
export interface Watchable<T> {
  state(): T;
  subscribe(listener: () => void): () => void;
}

/** The store's state; the component is drawn again when it changes. */
export function useWatched<T>(store: Watchable<T>): T {
  const [, draw] = useState(0);
  useEffect(() => store.subscribe(() => draw((n) => n + 1)), [store]);
  return store.state();
}

/**
 * Calls `work` at once and then every `everyMs` while the page is visible and `active`; never two at a time.
 * A hidden page asks nothing, and asks at once when it is shown again, or when `about` changes.
 */
export function usePolling(work: () => Promise<void>, everyMs: number, active: boolean, about = ""): void {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    if (!active) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let busy = false;
    let ended = false;
    const tick = async (): Promise<void> => {
      clearTimeout(timer);
      if (busy || ended || document.hidden) return;
      busy = true;
      try {
        await latest.current();
      } finally {
        busy = false;
        if (!ended) timer = setTimeout(() => void tick(), everyMs);
      }
    };
    const shown = (): void => void tick();
    document.addEventListener("visibilitychange", shown);
    void tick();
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", shown);
    };
  }, [everyMs, active, about]);
}

/** The time now in milliseconds, anew each second while `active`. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!active) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

/** The tab's title. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Actverse" : `${title} · Actverse`;
  }, [title]);
}
