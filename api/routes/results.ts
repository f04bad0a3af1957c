import { Type } from "typebox";
import { InputError } from "../../domain/errors.ts";
import { resultKeys } from "../../domain/layout.ts";
import type { TaskState } from "../../domain/state.ts";
import { taskOrRunFor, type App, type Context } from "../context.ts";
import { readRows } from "../result-rows.ts";
import { FileParams, TaskParams, answers, file } from "../schemas.ts";
import { sendFile } from "../send-file.ts";

const Files = Type.Object({ files: Type.Array(Type.Object({ name: Type.String(), bytes: Type.Integer(), url: Type.String() })) });

const Round = Type.Object({ round: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "Of an earlier round; default: of the newest." })) }, { additionalProperties: false });

const RowsQuery = Type.Object(
  {
    ...Round.properties,
    frame: Type.Optional(Type.Integer({ minimum: 0, description: "The first row is the last one at or before this frame." })),
    time: Type.Optional(Type.Number({ minimum: 0, description: "The same by time: seconds after the first frame." })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "Rows at most; fewer where they are large." })),
  },
  { additionalProperties: false },
);
const Rows = Type.Object({ rows: Type.Array(Type.Object({ frame: Type.Integer(), timestamp: Type.Number(), ids: Type.Array(Type.String()) }, { additionalProperties: true, description: "As in result.json." })), next: Type.Union([Type.Integer(), Type.Null()], { description: "The frame to go on with; null: these are the last rows." }) });

/** The files that the layout names, and no others: key by name. */
function keysOf({ task_id, round }: TaskState, of = round): Map<string, string> {
  const { prefix, ...keys } = resultKeys(task_id, of);
  const files = Object.values(keys).filter((key) => typeof key === "string");
  return new Map(files.map((key) => [key.slice(prefix.length), key]));
}

export function resultRoutes(app: App, context: Pick<Context, "storage" | "watcher">): void {
  const { storage } = context;
  const common = { config: { policy: "user" as const } };
  const tags = ["tasks"];

  app.get("/tasks/:task_id/results", { ...common, schema: { tags, summary: "The result files there are", params: TaskParams, querystring: Round, response: answers({ 200: Files }, 400, 401, 404, 503) } }, async (request) => {
    const { state } = await taskOrRunFor(request, context, request.params.task_id);
    const found = await Promise.all([...keysOf(state, request.query.round)].map(async ([name, key]) => ({ name, bytes: await storage.size(key), url: `/tasks/${state.task_id}/results/${name}${request.query.round === undefined ? "" : `?round=${request.query.round}`}` })));
    return { files: found.flatMap(({ name, bytes, url }) => (bytes === null ? [] : [{ name, bytes, url }])) };
  });

  app.get("/tasks/:task_id/results/rows", { ...common, schema: { tags, summary: "Some rows of result.json, from a frame or a time on", params: TaskParams, querystring: RowsQuery, response: answers({ 200: Rows }, 400, 401, 404, 503) } }, async (request, reply) => {
    const { round, frame, time, limit = 100 } = request.query;
    if (frame !== undefined && time !== undefined) throw new InputError({ field: "time", message: "frame and time are both given", whatToDo: "give one of the two" });
    const { state } = await taskOrRunFor(request, context, request.params.task_id);
    const key = resultKeys(state.task_id, round ?? state.round).result;
    const size = await storage.size(key);
    if (size === null) throw new InputError({ field: "task_id", message: "there is no result.json (yet)", whatToDo: "wait until the step inference is done", status: 404 });
    const { rows, next } = await readRows({ storage, key, size, from: time === undefined ? { frame: frame ?? 0 } : { time }, limit });
    // As they stand in the file: reading and writing megabytes of them again would hold up everybody else.
    return await reply.type("application/json; charset=utf-8").send(`{"rows":[${rows.join(",")}],"next":${next}}` as never);
  });

  app.get(
    "/tasks/:task_id/results/:name",
    { ...common, schema: { tags, summary: "A result file, or a range of it", params: FileParams, querystring: Round, response: answers({ 200: file("application/json", "text/csv", "video/mp4", "application/x-ipynb+json", "text/html", "application/vnd.apache.parquet", "application/zip"), 206: file("video/mp4") }, 400, 401, 404, 416, 503) } },
    async (request, reply) => {
      const { task_id: taskId, name } = request.params;
      const { state } = await taskOrRunFor(request, context, taskId);
      const key = keysOf(state, request.query.round).get(name);
      if (key === undefined) throw new InputError({ field: "name", message: `there is no result file of this name`, whatToDo: `GET /tasks/${taskId}/results lists them`, status: 404 });
      return await sendFile(request, reply, { storage, key, cache: "private, no-cache" });
    },
  );
}
