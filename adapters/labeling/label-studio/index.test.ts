import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createLocalStorage } from "../../storage/local.ts";
import created from "./fixtures/annotation-created-approved.json" with { type: "json" };
import { createLabelStudioLabeling } from "./index.ts";

it("answers a webhook of a Label Studio that hangs when it is asked: the approval is read back", { timeout: 30_000 }, async () => {
  let asked = 0;
  const server = createServer(() => (asked += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const root = await mkdtemp(join(tmpdir(), "actverse-label-studio-"));
  const personal = `e30.${Buffer.from(JSON.stringify({ token_type: "refresh" })).toString("base64url")}.x`;
  try {
    for (const token of ["legacy", personal]) {
      const tool = createLabelStudioLabeling({ storage: createLocalStorage({ root }), url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token, publicUrl: "http://127.0.0.1:9", webhookSecret: "s3s3s3s3s3s3s3s3s3" });
      const body = { ...created.body, project: { ...created.body.project, task_number: 1 } };
      const reading = await tool.webhook({ headers: created.headers, body: Buffer.from(JSON.stringify(body)), pathTaskId: "0000000task0" });
      expect(reading).toMatchObject({ taskId: "0000000task0", round: 1, says: "approved" });
      expect(reading).not.toHaveProperty("approval");
    }
    expect(asked).toBe(2);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(root, { recursive: true, force: true });
  }
});
