import { InputError } from "../../../domain/errors.ts";
import { isStatus, LabelStudioError, type Client } from "./client.ts";
import type { Annotation, Hook, Project, ResultItem, Task, User } from "./wire.ts";

/** Tasks that are read at once. */
export const PAGE = 100;
/** Between two looks at an import that runs by itself (Enterprise). */
const POLL_MS = 1000;
const IMPORT_MS = 600_000;

export interface NewTask {
  data: Record<string, unknown>;
  predictions: { model_version: string; score?: number; result: ResultItem[] }[];
}

/** The calls that are used of Label Studio's REST API; errors as client.ts says. */
export function createApi(client: Client) {
  /** The community edition imports at once, Enterprise in the background. */
  async function imported(project: number, answer: { import?: number }): Promise<void> {
    if (answer.import === undefined) return;
    const path = `/api/projects/${project}/imports/${answer.import}/`;
    for (const begun = Date.now(); ; ) {
      const { status, error } = await client.get<{ status?: string; error?: string | null }>(path);
      if (status === "completed") return;
      if (status === "failed") throw new LabelStudioError(`Label Studio could not import: ${error ?? "it does not say why"}`, { url: path });
      if (Date.now() - begun > IMPORT_MS) throw new LabelStudioError("Label Studio does not end an import", { url: path });
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  return {
    /** null where there is no such project any more. */
    project: async (id: number): Promise<Project | null> =>
      await client.get<Project>(`/api/projects/${id}/`).catch((error: unknown) => {
        if (isStatus(error, 404)) return null;
        throw error;
      }),

    /** The oldest of exactly that title. */
    async projectCalled(title: string): Promise<Project | null> {
      // The filter finds parts of titles too.
      const { results } = await client.get<{ results: Project[] }>("/api/projects/", { title, page_size: PAGE });
      return results.filter((project) => project.title === title).toSorted((a, b) => a.id - b.id)[0] ?? null;
    },

    createProject: (fields: Partial<Project> & Record<string, unknown>): Promise<Project> => client.send("POST", "/api/projects/", fields),
    updateProject: (id: number, fields: Partial<Project>): Promise<Project> => client.send("PATCH", `/api/projects/${id}/`, fields),
    deleteProject: (id: number): Promise<void> => client.send("DELETE", `/api/projects/${id}/`),

    /** Every task with all its annotations and predictions, or null where the project is gone. */
    async tasks(project: number): Promise<Task[] | null> {
      const found = new Map<number, Task>();
      for (let page = 1; ; page++) {
        const answer = await client.get<{ tasks: Task[]; total: number }>("/api/tasks", { project, fields: "all", resolve_uri: false, page, page_size: PAGE }).catch((error: unknown) => {
          // The first page of a project is always there, a later one may have gone meanwhile.
          if (isStatus(error, 404)) return null;
          throw error;
        });
        if (answer === null) {
          if (page === 1) return null;
          throw new LabelStudioError("tasks were deleted in Label Studio while they were read", { url: `/api/tasks?project=${project}` });
        }
        for (const task of answer.tasks) found.set(task.id, task);
        if (found.size >= answer.total || answer.tasks.length === 0) return [...found.values()];
      }
    },
    /** How many tasks have no annotation with exactly this choice, and the first of them: a quick count, in at most so many milliseconds. */
    async tasksWithout(project: number, choice: string, timeout: number): Promise<{ count: number; first: number | null }> {
      const items = [{ filter: "filter:tasks:annotations_results", operator: "not_contains", type: "String", value: JSON.stringify([choice]) }];
      const { total, tasks } = await client.get<{ total: number; tasks: Task[] }>("/api/tasks", { project, page: 1, page_size: 1, query: JSON.stringify({ filters: { conjunction: "and", items } }) }, timeout);
      return { count: total, first: tasks[0]?.id ?? null };
    },
    deleteTask: (id: number): Promise<void> => client.send("DELETE", `/api/tasks/${id}/`),

    /** Paths of all files that this user uploaded to the project, as `upload/{project}/{random}-{name}`. */
    uploads: async (project: number): Promise<string[]> => (await client.get<{ file: string }[]>(`/api/projects/${project}/file-uploads`, { all: true })).map(({ file }) => file),
    /** `commit`: makes a task of each, else they only lie there. */
    uploadImages: async (project: number, files: { name: string; content: Buffer }[], { commit }: { commit: boolean }): Promise<void> => imported(project, await client.upload(`/api/projects/${project}/import?commit_to_project=${commit}`, files)),
    importTasks: async (project: number, tasks: NewTask[]): Promise<void> => imported(project, await client.send("POST", `/api/projects/${project}/import`, tasks)),
    importPredictions: (project: number, predictions: { task: number; model_version: string; score?: number; result: ResultItem[] }[]): Promise<void> => client.send("POST", `/api/projects/${project}/import/predictions`, predictions),
    deletePrediction: (id: number): Promise<void> => client.send("DELETE", `/api/predictions/${id}/`),

    annotation: (id: number): Promise<Annotation> => client.get(`/api/annotations/${id}/`),
    annotate: (task: number, result: ResultItem[]): Promise<Annotation> => client.send("POST", `/api/tasks/${task}/annotations/`, { result }),
    changeAnnotation: (id: number, result: ResultItem[]): Promise<Annotation> => client.send("PATCH", `/api/annotations/${id}/`, { result }),

    hooks: (project: number): Promise<Hook[]> => client.get("/api/webhooks/", { project }),
    createHook: (hook: Omit<Hook, "id"> & { project: number }): Promise<Hook> => client.send("POST", "/api/webhooks/", hook),
    updateHook: (id: number, hook: Omit<Hook, "id">): Promise<Hook> => client.send("PATCH", `/api/webhooks/${id}/`, hook),

    /** How each user of the organisation is called; only administrators may ask that everywhere. */
    async names(): Promise<(user: User) => string | null> {
      const called = new Map<number, string>();
      const list = await client.get<Exclude<User, number | null>[] | { results: Exclude<User, number | null>[] }>("/api/users/").catch((error: unknown) => {
        if (error instanceof InputError || isStatus(error, 404)) return [];
        throw error;
      });
      for (const user of Array.isArray(list) ? list : list.results) called.set(user.id, user.email ?? user.username ?? `user ${user.id}`);
      return (user) => {
        if (user === null) return null;
        if (typeof user === "number") return called.get(user) ?? null;
        return user.email ?? user.username ?? called.get(user.id) ?? null;
      };
    },
  };
}

export type Api = ReturnType<typeof createApi>;
