import { expect, it } from "vitest";
import { AS_WANTED, factsOf } from "./delivery-facts.ts";
import { runDeliveries } from "./deliveries.ts";
import { startLabelStudioDeliveries } from "./label-studio-deliveries.ts";

it("1,000 deliveries of the real Label Studio, repeated, shuffled, some forged, half of them without a worker and some after the end: one training", async () => {
  expect(factsOf(await runDeliveries({ start: startLabelStudioDeliveries }))).toEqual(AS_WANTED);
}, 600_000);
