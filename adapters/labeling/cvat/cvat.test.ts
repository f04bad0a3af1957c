import { afterAll, beforeAll, describe } from "vitest";
import { labelingContract } from "../contract.test-suite.ts";
import { createHarness, removeFolders, type TestedCvat } from "./cvat-harness.test-tools.ts";
import { startCvatServer } from "./cvat-server.test-tools.ts";
import { roundTrips } from "./round-trip.test-suite.ts";

interface Candidate {
  name: string;
  start: () => Promise<TestedCvat & { close: () => Promise<void> }>;
}

/** Set both to run the same tests against a real CVAT too; projects named `flies - 0000000task0` are deleted in it. */
const { ACTVERSE_TEST_CVAT_URL: url, ACTVERSE_TEST_CVAT_TOKEN: token } = process.env;
const real: Candidate[] = url === undefined || token === undefined ? [] : [{ name: `the CVAT at ${url}`, start: async () => ({ url, token, close: async () => undefined }) }];

describe.each<Candidate>([{ name: "the server that stands in for CVAT", start: startCvatServer }, ...real])("against $name", ({ start }) => {
  let cvat: Awaited<ReturnType<Candidate["start"]>>;
  beforeAll(async () => {
    cvat = await start();
  });
  afterAll(async () => {
    await cvat.close();
    await removeFolders();
  });
  labelingContract("CVAT", () => createHarness(cvat));
  roundTrips(() => cvat);
});
