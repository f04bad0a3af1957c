import { useEffect, useMemo, useState } from "preact/hooks";
import type { Api, Person } from "../api.ts";
import { usePolling } from "../ui/hooks.ts";
import { randomId } from "./objects.ts";
import type { LabelStore } from "./store.ts";

const EVERY_MS = 3000;

/** Says that this page is open, and tells who else is there. What others saved meanwhile is read when there is any. */
export function usePeople(options: { api: Api; taskId: string; store: LabelStore }): readonly Person[] {
  const { api, taskId, store } = options;
  const [people, setPeople] = useState<readonly Person[]>([]);
  const client = useMemo(randomId, [taskId]);

  const say = async (): Promise<void> => {
    const { frame, task } = store.state();
    const answer = await api.presence(taskId, { client, frame }).catch(() => null);
    if (answer === null) return;
    setPeople(answer.people);
    // Each save adds one version.
    const known = store.state().task?.frames.reduce((sum, row) => sum + row.version, 0);
    if (answer.edits !== known || answer.waiting !== task?.waiting) await store.refresh().catch(() => undefined);
  };
  usePolling(say, EVERY_MS, store.state().task !== null);

  useEffect(() => {
    const leave = (): void => void api.presence(taskId, { client, frame: null, leaving: true }).catch(() => undefined);
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, [client]);
  return people;
}
