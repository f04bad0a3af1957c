import sharp from "sharp";
import { createLabeler } from "../adapters/labeling/label-studio/labeler.test-tools.ts";
import { createLabelStudioLabeling } from "../adapters/labeling/label-studio/index.ts";
import { NO_EXTERNAL_TOOLS } from "../adapters/labeling/labeling.ts";
import { createDatasetSteps } from "../activities/dataset.ts";
import { send, startLab, untilStatus } from "../api/lab.test-suite.ts";
import { makeId } from "../domain/ids.ts";
import { freePort } from "../scripts/ports.ts";
import { until } from "../scripts/child.ts";
import { animal } from "./cvat-lab.ts";
import type { Delivery, DeliverySource } from "./deliveries.ts";
import { startLabelStudio } from "./label-studio-server.ts";

const SECRET = "canary-webhook-secret-0123456789";
const SIZE = { width: 64, height: 48 };
const OURS = /^x-actverse-/;

/** What the real Label Studio sends of a task's ten frames, each drawn in and Approved. */
export async function startLabelStudioDeliveries(): Promise<DeliverySource> {
  const server = await startLabelStudio();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const image = await sharp({ create: { ...SIZE, channels: 3, background: "#336699" } }).jpeg().toBuffer();
  const lab = await startLab({
    image,
    external: (storage) => ({ ...NO_EXTERNAL_TOOLS, "label-studio": createLabelStudioLabeling({ storage, url: server.url, token: server.token, publicUrl: url, webhookSecret: SECRET }) }),
    activities: (storage) => createDatasetSteps({ storage }),
  });
  const heard: Delivery[] = [];
  const app = await lab.app({
    extend: (heardBy) =>
      heardBy.addHook("preHandler", async (request) => {
        if (!request.url.startsWith("/webhooks/")) return;
        const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => OURS.test(name))) as Record<string, string>;
        heard.push({ path: request.url, headers, body: (request.body as Buffer).toString("utf8") });
      }),
  });
  await app.listen({ port, host: "127.0.0.1" });
  const people = createLabeler(server);

  return {
    lab,
    app,
    url,
    async waitingTask(settings) {
      const { body, status, text } = await send(app, "POST", "/tasks/", { body: { ...lab.body, ...settings, labeling: { tool: "label-studio" } } });
      if (status !== 201) throw new Error(text);
      await untilStatus(app, body["task_id"] as string, "waiting");
      return body["task_id"] as string;
    },
    async labelAll(taskId) {
      heard.length = 0;
      const { frames } = (await send(app, "GET", `/labeling/${taskId}`)).body as { frames: number };
      for (let i = 0; i < frames; i++) await people.submit({ title: `default - ${taskId}`, frame: i * 10, by: "ann" }, { size: SIZE, keypoints: [], review: "Approved", objects: [animal("a", 2 + i)] });
      await until("Label Studio to have said all", 60, async () => heard.length >= frames);
      return heard.slice();
    },
    aboutNothing: ({ path, ...rest }) => ({ ...rest, path: path.replace(/[^/]+$/, makeId()) }),
    forged(delivery, n) {
      const { "x-actverse-secret": _ours, ...headers } = delivery.headers;
      const ways: Record<string, string>[] = [{}, { "x-actverse-secret": "" }, { "x-actverse-secret": `${SECRET}x` }, { "x-actverse-secret": SECRET.slice(1) }, { authorization: `Bearer ${SECRET}` }];
      return { ...delivery, headers: { ...headers, ...ways[n % ways.length] } };
    },
    async close() {
      await lab.stop();
      await server.stop();
    },
  };
}
