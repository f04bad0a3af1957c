import { useEffect, useRef } from "preact/hooks";
import type { LiveMessage } from "../../../live.ts";

/** After a connection ended before its task did. */
const AGAIN_MS = 1_000;

/**
 * What happens to a task, as the server tells it over a WebSocket, while `active` and the page is visible.
 * `onMissed` is called where something may have gone unnoticed: while the connection cannot be had (again each second, so that a proxy without WebSockets
 * leaves a page that asks), and when a hidden page is shown again.
 */
export function useLive({ taskId, active, onMessage, onMissed }: { taskId: string; active: boolean; onMessage: (message: LiveMessage) => void; onMissed: () => void }): void {
  const latest = useRef({ onMessage, onMissed });
  latest.current = { onMessage, onMissed };
  useEffect(() => {
    if (!active) return undefined;
    let socket: WebSocket | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = (): void => {
      clearTimeout(timer);
      const left = socket;
      socket = null;
      left?.close();
    };
    const connect = (): void => {
      leave();
      if (document.hidden) return;
      const url = new URL(`/tasks/${encodeURIComponent(taskId)}/events`, location.href);
      url.protocol = url.protocol.replace("http", "ws");
      const opened = new WebSocket(url);
      socket = opened;
      opened.addEventListener("message", ({ data }: MessageEvent<string>) => latest.current.onMessage(JSON.parse(data) as LiveMessage));
      opened.addEventListener("close", () => {
        if (socket !== opened) return;
        latest.current.onMissed();
        timer = setTimeout(connect, AGAIN_MS);
      });
    };
    const shown = (): void => {
      if (!document.hidden) latest.current.onMissed();
      connect();
    };
    document.addEventListener("visibilitychange", shown);
    connect();
    return () => {
      document.removeEventListener("visibilitychange", shown);
      leave();
    };
  }, [taskId, active]);
}
