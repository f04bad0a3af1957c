import { Type } from "typebox";
import { taskOrRunFor, type App, type Context } from "../context.ts";
import { newer, type Live } from "../live.ts";
import { TaskParams, answers } from "../schemas.ts";

const Resume = Type.Object({ last_event_id: Type.Optional(Type.String({ maxLength: 20, description: "The id of the last line that was seen, where the header Last-Event-ID cannot be sent." })) }, { additionalProperties: false });
const Stream = { description: "Server-sent events: the lines of the timeline under their names, with ids; `progress`; `problem`; `end`.", content: { "text/event-stream": { schema: Type.Object({ id: Type.Optional(Type.String()), event: Type.Optional(Type.String()), data: Type.Optional(Type.String({ description: "JSON" })) }, { description: "Each event. Lines without any of these are signs of life." }) } } };
const Nothing = { description: "The task has ended and nothing is newer than Last-Event-ID: no reason to come again.", type: "null" };

/** The client reads too slowly: it can come again with the id of the last line that it has. */
const MAX_BUFFERED = 4_000_000;
const COME_AGAIN_LATER = 1013;

export function eventRoutes(app: App, context: Pick<Context, "watcher"> & { live: Live }): void {
  const { live } = context;

  app.route<{ Params: { task_id: string }; Querystring: { last_event_id?: string } }>({
    method: "GET",
    url: "/tasks/:task_id/events",
    config: { policy: "user" },
    sse: { kind: "manual" },
    schema: { tags: ["tasks"], summary: "The task as it happens: server-sent events, or the same as JSON messages over a WebSocket", params: TaskParams, querystring: Resume, response: answers({ 200: Stream, 204: Nothing }, 400, 401, 404, 503) },
    async handler(request, reply) {
      const view = await taskOrRunFor(request, context, request.params.task_id, "label");
      const after = request.query.last_event_id ?? reply.sse.lastEventId;
      if (view.ended && after !== null && newer(view.state, after).length === 0) return await reply.code(204).send();
      const gone = new AbortController();
      // Not of the socket: on one that is kept alive, each request would leave a listener.
      reply.raw.once("close", () => gone.abort());
      // The connection is closed when this handler ends.
      await reply.sse.send(live.watch(view, after, gone.signal));
      return undefined;
    },
    async wsHandler(socket, request) {
      const gone = new AbortController();
      socket.on("close", () => gone.abort());
      socket.on("error", () => gone.abort());
      try {
        const view = await taskOrRunFor(request, context, request.params.task_id, "label");
        for await (const message of live.watch(view, request.query.last_event_id ?? null, gone.signal)) {
          if (socket.bufferedAmount > MAX_BUFFERED) return socket.close(COME_AGAIN_LATER, "too slow");
          socket.send(JSON.stringify(message));
        }
        socket.close(1000, "the task has ended");
      } catch (error) {
        // As in an answer over HTTP: what cannot be told is in the log.
        request.log.info(error, "events over a WebSocket ended");
        socket.close(1011, error instanceof Error && error.name === "InputError" ? error.message.slice(0, 100) : "try again");
      }
    },
  });
}
