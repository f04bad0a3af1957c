import type { FastifyReply, FastifyRequest } from "fastify";
import { problemsOf } from "./cvat-server-schemas.test-tools.ts";
import type { LabelRow, WebhookRow } from "./cvat-server-store.test-tools.ts";
import type { ServerContext } from "./cvat-server.test-tools.ts";
import type { LabelSpec } from "./wire.ts";

export const numberOf = (request: FastifyRequest): number => Number((request.params as { id: string }).id);
export const queryOf = (request: FastifyRequest): Record<string, string | undefined> => request.query as Record<string, string | undefined>;

/** The body where the serializer takes it; else null, and the answer is on its way. */
export async function bodyOf<T>(request: FastifyRequest, reply: FastifyReply, name: Parameters<typeof problemsOf>[0]): Promise<T | null> {
  const body: unknown = JSON.parse((request.body as Buffer | undefined)?.toString() ?? "{}");
  const problems = problemsOf(name, body);
  if (problems === null) return body as T;
  await reply.code(400).send(problems);
  return null;
}

/** Projects, labels, issues, comments, webhooks, requests: all but tasks and jobs. */
export function createCvatRoutes({ app, store, views, deliveries, userOf, page, notFound }: ServerContext): void {
  const newLabel = (spec: LabelSpec): LabelRow => {
    const sublabels = (spec.sublabels ?? []).map((sublabel) => newLabel(sublabel as unknown as LabelSpec));
    // Keypoints are found in the picture by their names, and named by their numbers from then on.
    const svg = sublabels.reduce((text, { name, id }) => text.replace(`data-label-name="${name}"`, `data-label-id="${id}"`), spec.svg ?? "");
    return { id: store.nextId(), name: spec.name, color: "#33ddff", type: spec.type ?? "any", attributes: (spec.attributes ?? []).map((attribute) => ({ ...attribute, id: store.nextId() })), sublabels, svg };
  };

  app.get("/api/server/about", () => ({ name: "Computer Vision Annotation Tool", description: "", version: "2.80.0", logo_url: "", subtitle: "" }));
  app.get("/api/users/self", (request) => views.user(userOf(request)));

  app.get("/api/projects", (request) => {
    const { name } = queryOf(request);
    return page(request, [...store.projects.values()].filter((project) => name === undefined || project.name === name).toReversed().map((project) => views.project(project)));
  });
  app.post("/api/projects", async (request, reply) => {
    const body = await bodyOf<{ name: string; labels?: LabelSpec[] }>(request, reply, "project");
    if (body === null) return reply;
    const names = (body.labels ?? []).map(({ name }) => name);
    if (new Set(names).size < names.length) return reply.code(400).send(["All label names must be unique"]);
    const now = store.now();
    const project = { id: store.nextId(), name: body.name, owner: userOf(request), labels: (body.labels ?? []).map(newLabel), created_date: now, updated_date: now };
    store.projects.set(project.id, project);
    return reply.code(201).send(views.project(project));
  });
  app.get("/api/projects/:id", (request, reply) => {
    const project = store.projects.get(numberOf(request));
    return project === undefined ? notFound(reply) : reply.send(views.project(project));
  });
  app.delete("/api/projects/:id", (request, reply) => {
    const id = numberOf(request);
    if (!store.projects.delete(id)) return notFound(reply);
    for (const task of store.tasks.values()) if (task.project_id === id) store.deleteTask(task.id);
    for (const hook of store.webhooks.values()) if (hook.project_id === id) store.webhooks.delete(hook.id);
    return reply.code(204).send();
  });

  app.get("/api/labels", (request, reply) => {
    const { project_id: projectId, task_id: taskId } = queryOf(request);
    const task = taskId === undefined ? undefined : store.tasks.get(Number(taskId));
    const id = projectId === undefined ? task?.project_id : Number(projectId);
    const project = id === undefined || id === null ? undefined : store.projects.get(id);
    if (project !== undefined) return reply.send(page(request, project.labels.map((label) => views.label(label, { project_id: project.id }))));
    return task === undefined ? notFound(reply) : reply.send(page(request, task.labels.map((label) => views.label(label, { task_id: task.id }))));
  });

  app.get("/api/issues", (request) => {
    const { job_id: jobId, task_id: taskId, resolved } = queryOf(request);
    const found = [...store.issues.values()].filter((issue) => (jobId === undefined || issue.job === Number(jobId)) && (taskId === undefined || store.jobs.get(issue.job)?.task_id === Number(taskId)) && (resolved === undefined || issue.resolved === (resolved.toLowerCase() === "true")));
    return page(request, found.toReversed().map((issue) => views.issue(issue)));
  });
  app.post("/api/issues", async (request, reply) => {
    const body = await bodyOf<{ frame: number; position: number[]; job: number; message: string; resolved?: boolean }>(request, reply, "issue");
    if (body === null) return reply;
    const job = store.jobs.get(body.job);
    if (job === undefined) return reply.code(400).send({ job: [`Invalid pk "${body.job}" - object does not exist.`] });
    const [owner, now] = [userOf(request), store.now()];
    const issue = { id: store.nextId(), frame: body.frame, job: body.job, position: body.position, owner, resolved: body.resolved ?? false, created_date: now, comments: [{ id: store.nextId(), message: body.message, owner, created_date: now }] };
    store.issues.set(issue.id, issue);
    return reply.code(201).send(views.issue(issue));
  });
  app.patch("/api/issues/:id", async (request, reply) => {
    const issue = store.issues.get(numberOf(request));
    if (issue === undefined) return notFound(reply);
    const body = await bodyOf<{ resolved?: boolean }>(request, reply, "issuePatch");
    if (body === null) return reply;
    Object.assign(issue, body);
    return reply.send(views.issue(issue));
  });
  app.get("/api/comments", (request) => {
    const { job_id: jobId, issue_id: issueId } = queryOf(request);
    const issues = [...store.issues.values()].filter((issue) => (jobId === undefined || issue.job === Number(jobId)) && (issueId === undefined || issue.id === Number(issueId)));
    return page(request, issues.flatMap(({ id, comments }) => comments.map((comment) => views.comment(comment, id))).toReversed());
  });
  app.post("/api/comments", async (request, reply) => {
    const body = await bodyOf<{ issue: number; message?: string }>(request, reply, "comment");
    if (body === null) return reply;
    const issue = store.issues.get(body.issue);
    if (issue === undefined) return reply.code(400).send({ issue: [`Invalid pk "${body.issue}" - object does not exist.`] });
    const comment = { id: store.nextId(), message: body.message ?? "", owner: userOf(request), created_date: store.now() };
    issue.comments.push(comment);
    return reply.code(201).send(views.comment(comment, issue.id));
  });

  app.get("/api/webhooks", (request) => {
    const { project_id: projectId, target_url: target } = queryOf(request);
    const found = [...store.webhooks.values()].filter((hook) => (projectId === undefined || hook.project_id === Number(projectId)) && (target === undefined || hook.target_url === target));
    return page(request, found.toReversed().map((hook) => views.webhook(hook)));
  });
  app.post("/api/webhooks", async (request, reply) => {
    const body = await bodyOf<Partial<WebhookRow> & { target_url: string; type: string; events: string[] }>(request, reply, "webhook");
    if (body === null) return reply;
    if (!URL.canParse(body.target_url)) return reply.code(400).send({ target_url: ["Enter a valid URL."] });
    if (body.type !== "project" || body.project_id === undefined || !store.projects.has(body.project_id)) return reply.code(400).send(["Invalid project"]);
    const now = store.now();
    const hook: WebhookRow = { description: "", secret: "", is_active: true, enable_ssl: true, project_id: body.project_id, ...body, events: body.events.toSorted(), id: store.nextId(), owner: userOf(request), created_date: now, updated_date: now };
    store.webhooks.set(hook.id, hook);
    return reply.code(201).send(views.webhook(hook));
  });
  app.patch("/api/webhooks/:id", async (request, reply) => {
    const hook = store.webhooks.get(numberOf(request));
    if (hook === undefined) return notFound(reply);
    const body = await bodyOf<Partial<WebhookRow>>(request, reply, "webhookPatch");
    if (body === null) return reply;
    Object.assign(hook, body, { updated_date: store.now() });
    return reply.send(views.webhook(hook));
  });
  app.delete("/api/webhooks/:id", (request, reply) => (store.webhooks.delete(numberOf(request)) ? reply.code(204).send() : notFound(reply)));
  app.post("/api/webhooks/:id/ping", async (request, reply) => {
    const hook = store.webhooks.get(numberOf(request));
    if (hook === undefined) return notFound(reply);
    const { body, ...delivery } = await deliveries.ping(hook, userOf(request));
    return reply.send({ id: store.nextId(), ...delivery, redelivery: false, changed_fields: "", created_date: store.now(), updated_date: store.now(), request: JSON.parse(body) as unknown, response: "" });
  });

  app.get("/api/requests", (request) => {
    const { task_id: taskId, action } = queryOf(request);
    const found = [...store.requests.values()].filter(({ operation }) => (taskId === undefined || operation.task_id === Number(taskId)) && (action === undefined || operation.type.startsWith(`${action}:`)));
    return page(request, found.map((one) => views.request(one)));
  });
  app.get("/api/requests/:id", async (request, reply) => {
    const found = store.requests.get((request.params as { id: string }).id);
    if (found === undefined) return notFound(reply);
    // As if a worker of CVAT's had been at it since the last time.
    if (found.status === "queued" || found.status === "started") {
      if (found.polls > 0) [found.polls, found.status] = [found.polls - 1, "started"];
      else await found.finish();
    }
    return reply.send(views.request(found));
  });
}
