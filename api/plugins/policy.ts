import type { FastifyInstance } from "fastify";
import type { Policy } from "./auth.ts";

/** A group of routes, those that plugins add included, with one policy. A route's own wins. */
export const withPolicy = (policy: Policy, add: (scope: FastifyInstance) => Promise<void>) => async (scope: FastifyInstance): Promise<void> => {
  scope.addHook("onRoute", (route) => {
    route.config = { policy, ...route.config };
  });
  await add(scope);
};
