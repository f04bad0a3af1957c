import { defineConfig } from "vitest/config";

/** Tests stand beside what they test. `*.real.test.ts` need long runs or other people's servers: `npm run test:real`. */
const real = process.env["ACTVERSE_TEST_TIER"] === "real";

export default defineConfig({
  test: {
    // Threads break with the Temporal core; two workers, as on the smallest machine.
    pool: "forks",
    maxWorkers: 2,
    include: real ? ["**/*.real.test.ts"] : ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "trainer/**", ...(real ? [] : ["**/*.real.test.ts"])],
    testTimeout: real ? 3_600_000 : 120_000,
    hookTimeout: 180_000,
  },
});
