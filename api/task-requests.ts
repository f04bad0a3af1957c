import { readJsonIfThere, type Storage } from "../adapters/storage/storage.ts";
import { makeId } from "../domain/ids.ts";
import { taskKeys } from "../domain/layout.ts";

/** Who asked what of a task, how long it took, and how it ended. */
export interface RequestLine {
  /** Sorts by time. */
  id: string;
  /** ISO 8601, UTC. */
  at: string;
  /** null: a labeling tool, known by its signature. */
  user: string | null;
  method: string;
  path: string;
  status: number;
  /** Milliseconds; of several, the longest. */
  ms: number;
  /** As in the API's log. */
  request_id: string;
  /** What was wrong with it. */
  error?: string;
  /** The same read came so many times, until `last_at`. */
  times?: number;
  last_at?: string;
}

/** Changes and refusals are kept apart from reads, which open pages repeat all day: these must not push those out. */
const CLASSES = ["changes", "reads"] as const;
type Class = (typeof CLASSES)[number];

/** Lines kept of each class, and files that they may lie in before they are put together. */
const LINES = 1_000;
const FILES = 20;
/** How long lines wait to be written together. */
const WAIT_MS: Record<Class, number> = { changes: 1_000, reads: 30_000 };

interface Buffer {
  lines: Record<Class, RequestLine[]>;
  timer: NodeJS.Timeout | null;
  due: number;
  writing: Promise<void>;
}

export type TaskRequests = ReturnType<typeof createTaskRequests>;

/** The request log of each task, in storage and bounded. Several API processes write it side by side. A process that is killed loses its last moments. */
export function createTaskRequests({ storage, onError = () => {}, lines: most = LINES, files: mostFiles = FILES }: { storage: Storage; onError?: (error: unknown) => void; lines?: number; files?: number }) {
  const buffers = new Map<string, Buffer>();

  const read = async (keys: string[]): Promise<RequestLine[]> => (await Promise.all(keys.map((key) => readJsonIfThere<RequestLine[]>(storage, key)))).flatMap((lines) => lines ?? []);
  /** The newest first, each once: two processes may have put the same files together. */
  const sorted = (lines: RequestLine[]): RequestLine[] => [...new Map(lines.map((line) => [line.id, line])).values()].toSorted((a, b) => (a.id < b.id ? 1 : -1));

  async function write(taskId: string, kind: Class, lines: RequestLine[]): Promise<void> {
    const prefix = taskKeys(taskId).requestsOf(kind);
    await storage.put(`${prefix}${makeId()}.json`, JSON.stringify(lines));
    const keys = await storage.list(prefix);
    if (keys.length <= mostFiles) return;
    const kept = sorted(await read(keys)).slice(0, most);
    await storage.put(`${prefix}${makeId()}.json`, JSON.stringify(kept));
    for (const key of keys) await storage.remove(key);
  }

  async function flush(taskId: string): Promise<void> {
    const buffer = buffers.get(taskId);
    if (buffer === undefined) return;
    if (buffer.timer !== null) clearTimeout(buffer.timer);
    buffer.timer = null;
    const writeAll = async (before: Promise<void>): Promise<void> => {
      await before;
      for (const kind of CLASSES) {
        const lines = buffer.lines[kind];
        buffer.lines[kind] = [];
        if (lines.length > 0) await write(taskId, kind, lines).catch(onError);
      }
    };
    buffer.writing = writeAll(buffer.writing);
    await buffer.writing;
    if (buffer.timer === null) buffers.delete(taskId);
  }

  return {
    /** `quiet`: a read that went well; repeats of it are one line. */
    add(taskId: string, line: Omit<RequestLine, "id">, quiet: boolean): void {
      const kind: Class = quiet ? "reads" : "changes";
      let buffer = buffers.get(taskId);
      if (buffer === undefined) buffers.set(taskId, (buffer = { lines: { changes: [], reads: [] }, timer: null, due: 0, writing: Promise.resolve() }));
      const same = quiet ? buffer.lines.reads.find(({ user, method, path, status }) => user === line.user && method === line.method && path === line.path && status === line.status) : undefined;
      if (same === undefined) buffer.lines[kind].push({ id: makeId(Date.parse(line.at)), ...line });
      else Object.assign(same, { times: (same.times ?? 1) + 1, last_at: line.at, ms: Math.max(same.ms, line.ms) });
      const due = Date.now() + WAIT_MS[kind];
      if (buffer.timer !== null && buffer.due <= due) return;
      if (buffer.timer !== null) clearTimeout(buffer.timer);
      buffer.due = due;
      buffer.timer = setTimeout(() => void flush(taskId), WAIT_MS[kind]).unref();
    },

    /** The newest first, behind the line `after`. */
    async page({ taskId, limit, after }: { taskId: string; limit: number; after: string | null }): Promise<{ requests: RequestLine[]; next: string | null }> {
      await flush(taskId);
      const lines = sorted(await read((await Promise.all(CLASSES.map((kind) => storage.list(taskKeys(taskId).requestsOf(kind))))).flat()));
      const behind = after === null ? lines : lines.filter(({ id }) => id < after);
      const requests = behind.slice(0, limit);
      return { requests, next: behind.length > limit ? requests.at(-1)!.id : null };
    },

    /** All that waits to be written. */
    async close(): Promise<void> {
      for (const taskId of buffers.keys()) await flush(taskId);
    },
  };
}
