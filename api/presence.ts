/** Who has the labeling page of a task open, and at which frame. It is for people's eyes only (the versions of frames decide what is saved), so it lives in this process. */

export interface Person {
  user_id: string;
  /** One open page. */
  client: string;
  frame: number | null;
}

/** A page says that it is there every few seconds; one that is silent for so long has gone. */
const GONE_MS = 12_000;

export function createPresence({ now = Date.now }: { now?: () => number } = {}) {
  const tasks = new Map<string, Map<string, Person & { at: number }>>();

  return {
    /** Notes that this page is there; the others that are. `leaving`: it goes away. */
    here(taskId: string, person: Person, leaving = false): Person[] {
      const pages = tasks.get(taskId) ?? new Map<string, Person & { at: number }>();
      for (const [client, { at }] of pages) if (now() - at > GONE_MS) pages.delete(client);
      const others = [...pages.values()].filter(({ client }) => client !== person.client).map(({ at: _at, ...other }) => other);
      if (leaving) pages.delete(person.client);
      else pages.set(person.client, { ...person, at: now() });
      if (pages.size === 0) tasks.delete(taskId);
      else tasks.set(taskId, pages);
      return others;
    },
  };
}
export type Presence = ReturnType<typeof createPresence>;
