import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { TOOL_TITLES, type ExternalToolName } from "../../domain/labeling-tools.ts";
import type { App, Context } from "../context.ts";
import { TaskParams, answers } from "../schemas.ts";
import { createWebhookInbox, type Effect } from "../webhook-inbox.ts";

const EFFECTS = ["approved", "rejected", "reopened", "ended", "nothing"] as const satisfies Effect[];
const Received = Type.Object({ effect: Type.Enum(EFFECTS, { description: "What the task was told; `ended`: it has ended, and nothing changes." }) });

/** Whole annotations come with a delivery. */
const BODY_BYTES = 32_000_000;

/**
 * What labeling tools say by themselves. A delivery is a hint: it is checked, and the task is told before the answer; the workflow then reads the tool back.
 * Answered without asking the tool anything: Label Studio waits one second for an answer, and CVAT ten.
 */
export function webhookRoutes(app: App, context: Pick<Context, "storage" | "temporal" | "externalLabeling">): void {
  const { externalLabeling } = context;
  const inbox = createWebhookInbox(context);
  const common = { config: { policy: "signed" as const }, bodyLimit: BODY_BYTES };
  const schema = { tags: ["webhooks"], security: [], response: answers({ 200: Received }, 400, 401, 404, 413, 503) };

  async function receive(request: FastifyRequest, name: ExternalToolName, pathTaskId: string | null): Promise<{ effect: Effect }> {
    const tool = externalLabeling[name];
    // Without a shared secret no delivery is genuine.
    if (tool === null) throw new InputError({ field: "signature", message: `${TOOL_TITLES[name]} is not set up here: nothing that it sends can be checked`, whatToDo: "remove this webhook, or set the tool up", status: 401 });
    const headers = Object.fromEntries(Object.entries(request.headers).map(([header, value]) => [header, Array.isArray(value) ? value.join(", ") : value]));
    // The bytes as they came: the signature is over these.
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const reading = await tool.webhook({ headers, body, pathTaskId });
    if (reading === null) throw new InputError({ field: "task_id", message: "this delivery is about no task of ours", whatToDo: `let ${TOOL_TITLES[name]} send only what concerns the projects that Actverse made`, status: 404 });
    const effect = await inbox.deliver(name, reading);
    request.tasks.add(reading.taskId);
    request.log.info({ task_id: reading.taskId, tool: name, says: reading.says, effect }, "webhook");
    return { effect };
  }

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.post<{ Params: { task_id: string } }>("/webhooks/label-studio/:task_id", { ...common, schema: { ...schema, summary: "Label Studio's webhook of one task", params: TaskParams } }, (request) => receive(request, "label-studio", request.params.task_id));
    scope.post("/webhooks/cvat", { ...common, schema: { ...schema, summary: "CVAT's webhook" } }, (request) => receive(request, "cvat", null));
  });
}
