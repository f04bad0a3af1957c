import { isEmpty, partOf, Refusal, stored, type GivenData } from "./cvat-server-annotations.test-tools.ts";
import { bodyOf, numberOf, queryOf } from "./cvat-server-routes.test-tools.ts";
import type { JobRow } from "./cvat-server-store.test-tools.ts";
import type { Background } from "./cvat-server-tasks.test-tools.ts";
import { formOf } from "./cvat-server-uploads.test-tools.ts";
import { exportYolo, importYolo, YOLO_FORMATS, type YoloFormat } from "./cvat-server-yolo.test-tools.ts";
import type { ServerContext } from "./cvat-server.test-tools.ts";
import type { CvatUser, LabeledData } from "./wire.ts";

/** Annotations: in JSON, and there and back in the YOLO formats. */
export function createAnnotationRoutes({ app, store, userOf, notFound }: ServerContext, background: Background): void {
  const imports = new Map<number, Map<string, Buffer>>();
  const isYolo = (format: string | undefined): format is YoloFormat => (YOLO_FORMATS as readonly (string | undefined)[]).includes(format);

  function saveAnnotations(job: JobRow, given: GivenData, action: "put" | "create" | "update" | "delete", sender: CvatUser): void {
    const labels = store.labelsOf(store.tasks.get(job.task_id)!);
    const context = { store, labels, job };
    const gone = new Set([...(given.shapes ?? []), ...(given.tracks ?? []), ...(given.tags ?? [])].map((one) => (one as { id?: number }).id));
    const kept = (rows: { id?: number | null }[]) => rows.filter(({ id }) => !gone.has(id ?? undefined));
    const before = job.data;
    const fresh = action === "delete" ? { version: 0, tags: [], shapes: [], tracks: [] } : stored(given, context);
    const left = action === "put" ? { tags: [], shapes: [], tracks: [] } : action === "create" ? before : { tags: kept(before.tags as { id?: number }[]), shapes: kept(before.shapes), tracks: kept(before.tracks) };
    const next = { version: 0, tags: [...left.tags, ...fresh.tags], shapes: [...left.shapes, ...fresh.shapes], tracks: [...left.tracks, ...fresh.tracks] } as LabeledData;
    job.data = next;
    if (!isEmpty(before) || !isEmpty(next)) background.changeJob(job, sender, {});
  }

  /** Reads and writes of annotations, of a job or of all jobs of a task. */
  const annotations = (path: string, jobsOf: (id: number) => JobRow[] | null): void => {
    const all = (jobs: JobRow[]): LabeledData => ({ version: 0, tags: jobs.flatMap(({ data }) => data.tags), shapes: jobs.flatMap(({ data }) => data.shapes), tracks: jobs.flatMap(({ data }) => data.tracks) });
    app.get(path, (request, reply) => {
      const jobs = jobsOf(numberOf(request));
      return jobs === null ? notFound(reply) : reply.send(all(jobs));
    });
    for (const method of ["PUT", "PATCH"] as const) {
      app.route({
        method,
        url: path,
        handler: async (request, reply) => {
          const jobs = jobsOf(numberOf(request));
          if (jobs === null) return notFound(reply);
          const action = method === "PUT" ? "put" : queryOf(request)["action"];
          if (action !== "put" && action !== "create" && action !== "update" && action !== "delete") return reply.code(400).send("Please specify a correct 'action' for the request");
          const body = await bodyOf<GivenData>(request, reply, "labeledData");
          if (body === null) return reply;
          try {
            for (const job of jobs) saveAnnotations(job, jobs.length > 1 ? partOf(body, job) : body, action, userOf(request));
          } catch (error) {
            if (error instanceof Refusal) return reply.code(400).send([error.message]);
            throw error;
          }
          return reply.send(all(jobs));
        },
      });
    }
  };
  const annotationJobs = (id: number): JobRow[] | null => (store.tasks.has(id) ? store.jobsOf(id).filter(({ type }) => type === "annotation") : null);
  annotations("/api/jobs/:id/annotations", (id) => (store.jobs.has(id) ? [store.jobs.get(id)!] : null));
  annotations("/api/tasks/:id/annotations", annotationJobs);

  app.post("/api/tasks/:id/annotations", async (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    if (task === undefined) return notFound(reply);
    const has = (name: string): boolean => request.headers[name] !== undefined;
    const uploads = imports.get(task.id) ?? new Map<string, Buffer>();
    imports.set(task.id, uploads);
    if (has("upload-length")) return background.tus.start(request, reply, (name, content) => void uploads.set(name, content));
    if (has("upload-start")) return reply.code(202).send();
    const { format, filename } = queryOf(request);
    if (!isYolo(format)) return reply.code(405).send(`Format "${format}" is not known here`);
    const archive = has("upload-finish") ? uploads.get(filename ?? "") : (await formOf(request)).files.find(({ field }) => field === "annotation_file")?.content;
    if (archive === undefined) return reply.code(400).send({ annotation_file: ["No file was submitted."] });
    const sender = userOf(request);
    return reply.code(202).send({
      rq_id: background.run("import:annotations", task, sender, format, () => {
        const shapes = importYolo(format, archive, { task, labels: store.labelsOf(task) });
        for (const job of annotationJobs(task.id)!) saveAnnotations(job, partOf({ shapes }, job), "put", sender);
      }),
    });
  });
  app.post("/api/tasks/:id/dataset/export", (request, reply) => {
    const task = store.tasks.get(numberOf(request));
    if (task === undefined) return notFound(reply);
    const { format, save_images: saveImages } = queryOf(request);
    if (!isYolo(format)) return reply.code(405).send(`Format "${format}" is not known here`);
    return reply.code(202).send({
      rq_id: background.run("export:dataset", task, userOf(request), format, (one) => {
        store.exports.set(one.id, exportYolo(format, { task, labels: store.labelsOf(task), jobs: store.jobsOf(task.id), saveImages: saveImages?.toLowerCase() === "true" }));
        one.result_url = `http://${request.headers.host}/api/tasks/${task.id}/dataset/download?rq_id=${encodeURIComponent(one.id)}`;
      }),
    });
  });
  app.get("/api/tasks/:id/dataset/download", (request, reply) => {
    const archive = store.exports.get(queryOf(request)["rq_id"] ?? "");
    return archive === undefined ? notFound(reply) : reply.type("application/zip").header("Content-Disposition", 'attachment; filename="dataset.zip"').send(archive);
  });
}
