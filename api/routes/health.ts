import { Type } from "typebox";
import type { App, Context } from "../context.ts";
import { answers } from "../schemas.ts";

const Health = Type.Object({ status: Type.Literal("ok"), version: Type.String(), temporal: Type.Union([Type.Literal("reachable"), Type.Literal("unreachable")]) });

export function healthRoutes(app: App, { temporal, version }: Pick<Context, "temporal" | "version">): void {
  app.get("/health", { config: { policy: "public" }, schema: { tags: ["server"], summary: "Is it up?", security: [], response: answers({ 200: Health }) } }, async () => ({
    status: "ok" as const,
    version,
    temporal: (await temporal.reachable()) ? ("reachable" as const) : ("unreachable" as const),
  }));
}
