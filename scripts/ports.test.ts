import { createServer } from "node:net";
import { expect, it } from "vitest";
import { freePort } from "./ports.ts";

it("gives the port that is wanted where it is free, and else one that no outgoing connection gets", async () => {
  const wanted = await freePort();
  expect(await freePort(wanted)).toBe(wanted);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(wanted, "127.0.0.1", resolve));
  const others = await Promise.all([freePort(wanted), freePort(0), freePort()]);
  server.close();
  for (const port of others) {
    expect(port).not.toBe(wanted);
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_000);
  }
});
