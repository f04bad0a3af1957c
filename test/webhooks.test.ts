import { expect, it } from "vitest";
import { startCvatDeliveries } from "./cvat-deliveries.ts";
import { AS_WANTED, factsOf } from "./delivery-facts.ts";
import { runDeliveries } from "./deliveries.ts";

it("1,000 deliveries, repeated, shuffled, some forged, half of them without a worker and some after the end: one training", async () => {
  expect(factsOf(await runDeliveries({ start: startCvatDeliveries }))).toEqual(AS_WANTED);
});
