import { createParser, type EventSourceMessage } from "eventsource-parser";
import { setTimeout as sleep } from "node:timers/promises";
import type { LiveMessage } from "../api/live.ts";
import { messageOf } from "../domain/errors.ts";
import { ApiError, ApiUnreachable, isPassing, type ApiClient } from "./client.ts";

/** The server says at least something every 15 s: after this much silence the connection is dead. */
const SILENCE_MS = 60_000;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

export interface Trouble {
  /** Why nothing comes; null: it comes again. */
  said(why: string | null): void;
}

/**
 * A task's live events until its end, over any number of connections: where one breaks, the next begins after the last line that came.
 * Ends without `end` where the task had ended before. Throws ApiError where the API refuses for good.
 */
export async function* eventsOf({ api, taskId, signal, trouble }: { api: ApiClient; taskId: string; signal: AbortSignal; trouble: Trouble }): AsyncGenerator<LiveMessage> {
  let last: string | null = null;
  let wait = FIRST_WAIT_MS;
  let troubled = false;
  while (!signal.aborted) {
    let why = "the connection was closed";
    const connection = new AbortController();
    const silence = setTimeout(() => connection.abort(new Error(`nothing came for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
    try {
      const answer = await api.open(`/tasks/${taskId}/events`, { headers: { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) }, signal: AbortSignal.any([signal, connection.signal]) });
      if (answer.status === 204 || answer.body === null) return;
      const come: EventSourceMessage[] = [];
      const parser = createParser({ onEvent: (message) => come.push(message) });
      const decoder = new TextDecoder();
      for await (const chunk of answer.body) {
        silence.refresh();
        parser.feed(decoder.decode(chunk, { stream: true }));
        if (troubled) trouble.said(null);
        troubled = false;
        wait = FIRST_WAIT_MS;
        for (const { id, event = "", data } of come.splice(0)) {
          if (id !== undefined) last = id;
          yield { ...(id === undefined ? {} : { id }), event, data: JSON.parse(data) as unknown } as LiveMessage;
          if (event === "end") return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && !isPassing(error)) throw error;
      why = error instanceof ApiUnreachable || error instanceof ApiError ? error.message : messageOf(connection.signal.reason ?? error);
    } finally {
      clearTimeout(silence);
      connection.abort();
    }
    if (!troubled) trouble.said(why);
    troubled = true;
    await sleep(wait, undefined, { signal }).catch(() => {});
    wait = Math.min(wait * 2, MAX_WAIT_MS);
  }
}
