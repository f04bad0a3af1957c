import sharp from "sharp";
import { bodyOf, numberOf, queryOf } from "./cvat-server-routes.test-tools.ts";
import { problemsOf } from "./cvat-server-schemas.test-tools.ts";
import type { JobRow, RequestRow, TaskRow } from "./cvat-server-store.test-tools.ts";
import { createTus, formOf } from "./cvat-server-uploads.test-tools.ts";
import type { ServerContext } from "./cvat-server.test-tools.ts";
import type { CvatUser, LabelSpec } from "./wire.ts";

/** Tasks with their data, and jobs. */
export function createTaskRoutes({ app, store, views, deliveries, polls, userOf, page, notFound }: ServerContext) {
  const tus = createTus();

  function background(type: string, task: TaskRow, owner: CvatUser, format: string | null, work: (request: RequestRow) => Promise<void> | void): string {
    const [action, subresource] = type.split(":");
    const id = `action=${action}&target=task&id=${task.id}&subresource=${subresource}`;
    const request: RequestRow = {
      id,
      status: "queued",
      message: "",
      operation: { type, target: "task", task_id: task.id, project_id: task.project_id, job_id: null, org_id: null, format },
      created_date: store.now(),
      owner,
      result_url: null,
      polls,
      async finish() {
        try {
          await work(request);
          request.status = "finished";
        } catch (error) {
          request.status = "failed";
          request.message = error instanceof Error ? error.message : String(error);
        }
      },
    };
    store.requests.set(id, request);
    return id;
  }

  /** Tells webhooks what became of a job; its date changes whatever else does. */
  function changeJob(job: JobRow, sender: CvatUser, change: Partial<JobRow>): void {
    const old = views.job(job);
    Object.assign(job, change, { updated_date: store.now() });
    deliveries.jobUpdated(job, old, sender);
  }

  /** Cuts the frames into jobs, as the background worker does after an upload. */
  async function createJobs(task: TaskRow): Promise<void> {
    const data = task.data!;
    if (data.files.size === 0) throw new Error("No media data found");
    const names = [...data.files.keys()].toSorted();
    data.frames = await Promise.all(names.map(async (name) => ({ name, ...sizeOf(await sharp(data.files.get(name)).metadata()) })));
    const size = data.frames.length;
    const step = task.segment_size > 0 ? task.segment_size : size;
    for (let start = 0; start < size; start += step) {
      const now = store.now();
      const id = store.nextId();
      store.jobs.set(id, { id, task_id: task.id, type: "annotation", stage: "annotation", state: "new", assignee: null, start_frame: start, stop_frame: Math.min(start + step, size) - 1, created_date: now, updated_date: now, data: { version: 0, tags: [], shapes: [], tracks: [] } });
    }
  }

  const sizeOf = ({ width, height }: { width: number; height: number }) => ({ width, height });

  app.get("/api/tasks", (request) => {
    const { name, project_id: projectId } = queryOf(request);
    return page(request, [...store.tasks.values()].filter((task) => (name === undefined || task.name === name) && (projectId === undefined || task.project_id === Number(projectId))).toReversed().map((task) => views.task(task)));
  });
  app.post("/api/tasks", async (request, reply) => {
    const body = await bodyOf<{ name: string; project_id?: number | null; segment_size?: number; overlap?: number | null; labels?: LabelSpec[] }>(request, reply, "task");
    if (body === null) return reply;
    const projectId = body.project_id ?? null;
    if (projectId === null || (body.labels ?? []).length > 0) return reply.code(400).send(["Label set or project_id must be present, and only one of them"]);
    if (!store.projects.has(projectId)) return reply.code(400).send([`The specified project #${projectId} does not exist.`]);
    const now = store.now();
    const task: TaskRow = { id: store.nextId(), name: body.name, project_id: projectId, owner: userOf(request), assignee: null, labels: [], segment_size: body.segment_size ?? 0, overlap: body.overlap ?? 0, created_date: now, updated_date: now, data: null };
    store.tasks.set(task.id, task);
    return reply.code(201).send(views.task(task));
  });
  app.get("/api/tasks/:id", (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    return task === undefined ? notFound(reply) : reply.send(views.task(task));
  });
  app.patch("/api/tasks/:id", async (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    if (task === undefined) return notFound(reply);
    const body = await bodyOf<{ name?: string }>(request, reply, "taskPatch");
    if (body === null) return reply;
    Object.assign(task, body.name === undefined ? {} : { name: body.name }, { updated_date: store.now() });
    return reply.send(views.task(task));
  });
  app.delete("/api/tasks/:id", (request, reply) => (store.deleteTask(numberOf(request)) ? reply.code(204).send() : notFound(reply)));

  app.post("/api/tasks/:id/data", async (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    if (task === undefined) return notFound(reply);
    const has = (name: string): boolean => request.headers[name] !== undefined;
    if ((task.data?.frames.length ?? 0) > 0 || [...store.requests.values()].some(({ operation }) => operation.task_id === task.id && operation.type === "create:task")) return reply.code(400).send("Adding more data is not allowed");
    task.data ??= { files: new Map(), image_quality: 70, frames: [], deleted_frames: [] };
    const { files } = task.data;
    const add = (name: string, content: Buffer): void => void files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), content]));
    if (has("upload-length")) return tus.start(request, reply, add);
    if (has("upload-start") && !has("upload-finish")) return reply.code(202).send();

    const isForm = String(request.headers["content-type"]).startsWith("multipart/form-data");
    const form = isForm ? await formOf(request) : { fields: JSON.parse((request.body as Buffer).toString()) as Record<string, unknown>, files: [] };
    // A form has text alone: numbers and booleans are read out of it.
    const settings = Object.fromEntries(Object.entries(form.fields).map(([name, value]) => [name, isForm && name !== "sorting_method" ? (JSON.parse(String(value)) as unknown) : value]));
    const problems = problemsOf("data", settings);
    if (problems !== null) return reply.code(400).send(problems);
    for (const { field, name, content } of form.files) {
      if (!/^client_files\[\d+\]$/.test(field)) return reply.code(400).send({ client_files: [`what is "${field}"?`] });
      add(name, content);
    }
    if (has("upload-multiple")) return reply.code(200).send();
    task.data.image_quality = settings["image_quality"] as number;
    return reply.code(202).send({ rq_id: background("create:task", task, userOf(request), null, () => createJobs(task)) });
  });
  for (const path of ["/api/tasks/:id/data/:file", "/api/tasks/:id/annotations/:file"]) {
    app.head(path, (request, reply) => tus.head((request.params as { file: string }).file, reply));
    app.patch(path, (request, reply) => tus.append((request.params as { file: string }).file, request, reply));
  }
  app.get("/api/tasks/:id/data", (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    const name = task?.data?.frames[Number(queryOf(request)["number"])]?.name;
    return name === undefined ? notFound(reply) : reply.type("image/jpeg").send(task!.data!.files.get(name));
  });
  app.get("/api/tasks/:id/data/meta", (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    return task === undefined ? notFound(reply) : reply.send(views.meta(task));
  });
  app.route({
    method: "PATCH",
    url: "/api/tasks/:id/data/meta",
    handler: async (request, reply) => {
      const task = store.tasks.get(numberOf(request));
      if (task?.data === undefined || task.data === null) return notFound(reply);
      const body = await bodyOf<{ deleted_frames: number[] }>(request, reply, "metaPatch");
      if (body === null) return reply;
      task.data.deleted_frames = body.deleted_frames.toSorted((a, b) => a - b);
      return reply.send(views.meta(task));
    },
  });

  app.get("/api/jobs", (request) => {
    const { task_id: taskId, type } = queryOf(request);
    return page(request, [...store.jobs.values()].filter((job) => (taskId === undefined || job.task_id === Number(taskId)) && (type === undefined || job.type === type)).toReversed().map((job) => views.job(job)));
  });
  app.get("/api/jobs/:id", (request, reply) => {
    const job = store.jobs.get(numberOf(request));
    return job === undefined ? notFound(reply) : reply.send(views.job(job));
  });
  app.patch("/api/jobs/:id", async (request, reply) => {
    const job = store.jobs.get(numberOf(request));
    if (job === undefined) return notFound(reply);
    const body = await bodyOf<{ assignee?: number | null; stage?: JobRow["stage"]; state?: JobRow["state"] }>(request, reply, "job");
    if (body === null) return reply;
    const stage = body.stage ?? job.stage;
    // Another stage begins anew.
    const state = body.state ?? (stage === job.stage ? job.state : "new");
    const assignee = body.assignee === undefined ? job.assignee : (store.users.find(({ id }) => id === body.assignee) ?? null);
    changeJob(job, userOf(request), { stage, state, assignee });
    return reply.send(views.job(job));
  });

  return { run: background, changeJob, tus };
}
export type Background = ReturnType<typeof createTaskRoutes>;
