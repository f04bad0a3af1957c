import { createHmac } from "node:crypto";
import { animal, SECRET, startCvatLab } from "./cvat-lab.ts";
import type { Delivery, DeliverySource } from "./deliveries.ts";

const sign = (body: string, secret = SECRET): string => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
const delivery = (body: string, signature: string | null = sign(body)): Delivery => ({ path: "/webhooks/cvat", body, headers: signature === null ? {} : { "x-signature-256": signature } });

/** What CVAT sends of a task's ten jobs: each is drawn in, set to stage acceptance, and to state completed. */
export async function startCvatDeliveries(): Promise<DeliverySource> {
  const { lab, app, url, cvat, people, ...stack } = await startCvatLab();
  return {
    lab,
    app,
    url,
    waitingTask: (settings) => stack.waitingTask(settings),
    close: () => stack.close(),
    async labelAll(taskId) {
      for (const [i, job] of (await people.jobs(taskId)).entries()) {
        await people.draw(taskId, job, [animal("a", 2 + i)]);
        await people.accept(job);
      }
      await cvat.deliveries.idle();
      const bodies = new Set(cvat.deliveries.deliveries.filter(({ event }) => event === "update:job").map(({ body }) => body));
      return [...bodies].map((body) => delivery(body));
    },
    aboutNothing: ({ body }, n) => delivery(body.replaceAll(/"task_id": \d+/g, `"task_id": ${900_000 + n}`)),
    forged({ body }, n) {
      const ways = [
        delivery(body, null),
        delivery(body, sign(body, "another secret")),
        delivery(`${body} `, sign(body)),
        delivery(body, sign(body).slice(0, -1)),
        delivery(body, sign(body).replace("sha256=", "sha1=")),
      ];
      return ways[n % ways.length]!;
    },
  };
}
