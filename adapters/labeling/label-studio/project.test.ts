import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createApi } from "./api.ts";
import { createClient } from "./client.ts";
import { ensureHook } from "./project.ts";

/** Answers that Label Studio 1.23.2 gave to `POST /api/webhooks/`. */
const REFUSALS = [
  [403, "URL resolves to a reserved network address (block: 127.0.0.0/8)", "ACTVERSE_PUBLIC_URL"],
  [500, "Can't resolve hostname no-such-host.invalid", "ACTVERSE_PUBLIC_URL"],
  [403, "You do not have permission to create webhooks for this project.", "ACTVERSE_LABEL_STUDIO_TOKEN"],
] as const;

let server: Server;
let refusal: { status: number; detail: string };
beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.method === "GET") response.end("[]");
    else response.writeHead(refusal.status, { "content-type": "application/json" }).end(JSON.stringify({ id: "f28a5272", status_code: refusal.status, version: "1.23.2", detail: refusal.detail, exc_info: null }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => server.close());

it.each(REFUSALS)("says which variable to mend when the webhook is refused: %i %s", async (status, detail, field) => {
  refusal = { status, detail };
  const api = createApi(createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t" }));
  const hook = ensureHook(api, { project: 1, taskId: "0000000task0", round: 1, publicUrl: "http://127.0.0.1:8080", secret: "s" });
  await expect(hook).rejects.toMatchObject({ name: "InputError", field, message: expect.stringContaining(detail) as string });
});
