import { Type } from "typebox";
import { labelKeys } from "../../domain/layout.ts";
import { labelsFor, type App, type Context } from "../context.ts";
import { callerOf } from "../plugins/auth.ts";
import { createPresence } from "../presence.ts";
import { TaskParams, answers } from "../schemas.ts";
import { waitsForLabels } from "./labeling.ts";

const frame = Type.Union([Type.Integer({ minimum: 0, maximum: 99_999_999 }), Type.Null()], { description: "The frame that is shown." });
const client = Type.String({ minLength: 1, maxLength: 40, pattern: "^[0-9A-Za-z_-]+$", description: "Names one open page." });
const Here = Type.Object({ client, frame, leaving: Type.Optional(Type.Boolean({ description: "The page goes away." })) }, { additionalProperties: false });
const Others = Type.Object({
  people: Type.Array(Type.Object({ user_id: Type.String(), client, frame }), { description: "Other open pages of the same task." }),
  edits: Type.Integer({ description: "How often its labels have been saved: where this grew, there is something new to read." }),
  waiting: Type.Boolean({ description: "The task waits for labels." }),
});

/** Two people on one task see that they are. Known to one API process: several behind a balancer need it to keep a browser with one of them. */
export function presenceRoutes(app: App, context: Pick<Context, "storage" | "watcher">): void {
  const presence = createPresence();
  app.put(
    "/labeling/:task_id/presence",
    { config: { policy: "user" as const, quiet: true }, schema: { tags: ["labeling"], summary: "This page is open; which others are", params: TaskParams, body: Here, response: answers({ 200: Others }, 400, 401, 403, 404, 413, 415, 503) } },
    async (request) => {
      const view = await labelsFor(request, context, request.params.task_id);
      const { state } = view;
      const { leaving = false, ...page } = request.body;
      const people = presence.here(state.task_id, { user_id: callerOf(request).userId, ...page }, leaving);
      return { people, waiting: waitsForLabels(view), edits: (await context.storage.list(labelKeys(state.task_id, state.round).edits)).length };
    },
  );
}
