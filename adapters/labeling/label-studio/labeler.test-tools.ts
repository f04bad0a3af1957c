import type { LabeledObject } from "../../../domain/labels.ts";
import type { LabelStudioServer } from "../../../test/label-studio-server.ts";
import type { Size } from "./geometry.ts";
import { toResults } from "./to-results.ts";
import type { Hook, Project, ResultItem, Task } from "./wire.ts";

export interface Drawing {
  size?: Size;
  keypoints?: string[];
  /** Absent: what is suggested, or what was annotated before. */
  objects?: LabeledObject[];
  result?: ResultItem[];
  review: "Approved" | "Rejected" | null;
  /** A second annotation beside the first. */
  another?: boolean;
}

/** People at a test's Label Studio: they see and change it through their own sessions, as its editor does. */
export function createLabeler(server: LabelStudioServer) {
  const owner = () => server.person("owner@lab.example");
  const projects = async (): Promise<Project[]> => (await (await owner()).call<{ results: Project[] }>("GET", "/api/projects/?page_size=100")).results;
  async function tasksOf(project: number): Promise<Task[]> {
    const found: Task[] = [];
    for (let page = 1; ; page++) {
      const { tasks, total } = await (await owner()).call<{ tasks: Task[]; total: number }>("GET", `/api/tasks?project=${project}&fields=all&page_size=100&page=${page}`);
      found.push(...tasks);
      if (found.length >= total) return found;
    }
  }
  async function taskOf({ title, frame }: { title: string; frame: number }): Promise<Task> {
    const project = (await projects()).find((p) => p.title === title);
    const task = project === undefined ? undefined : (await tasksOf(project.id)).find(({ data }) => data["frame"] === frame);
    if (task === undefined) throw new Error(`there is no frame ${frame} in the project "${title}"`);
    return task;
  }

  return {
    async clear(): Promise<void> {
      for (const { id } of await projects()) await (await owner()).call("DELETE", `/api/projects/${id}/`);
    },

    /** All that there is, tasks in the order of their frames. */
    async everything(): Promise<{ projects: Project[]; tasks: Task[]; hooks: Hook[] }> {
      const all = await projects();
      const tasks = (await Promise.all(all.map(({ id }) => tasksOf(id)))).flat();
      return { projects: all, tasks: tasks.toSorted((a, b) => Number(a.data["frame"]) - Number(b.data["frame"])), hooks: await (await owner()).call<Hook[]>("GET", "/api/webhooks/") };
    },

    picture: async (path: string): Promise<string> => (await owner()).text(path),

    /** Draws, chooses a review and submits or updates. */
    async submit({ title, frame, by }: { title: string; frame: number; by: string }, { size, keypoints = [], objects, result, review, another = false }: Drawing): Promise<void> {
      const person = await server.person(`${by}@lab.example`);
      const task = await taskOf({ title, frame });
      const before = task.annotations.at(-1);
      const shown = before?.result ?? task.predictions[0]?.result ?? [];
      const chosen = objects === undefined || size === undefined ? (result ?? shown) : toResults(objects, keypoints, size);
      const items = chosen.filter(({ from_name }) => from_name !== "review" && from_name !== "comment");
      if (review !== null) items.push({ id: "review", type: "choices", from_name: "review", to_name: "image", value: { choices: [review] } });
      if (before === undefined || another) await person.call("POST", `/api/tasks/${task.id}/annotations/`, { result: items });
      else await person.call("PATCH", `/api/annotations/${before.id}/`, { result: items });
    },

    /** Deletes the frame's annotations. */
    async remove(of: { title: string; frame: number }): Promise<void> {
      for (const { id } of (await taskOf(of)).annotations) await (await owner()).call("DELETE", `/api/annotations/${id}/`);
    },
  };
}

export type Labeler = ReturnType<typeof createLabeler>;
