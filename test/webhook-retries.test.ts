import { afterAll, beforeAll, expect, it } from "vitest";
import { untilStatus } from "../api/lab.test-suite.ts";
import { until } from "../scripts/child.ts";
import { animal, startCvatLab, type CvatLab } from "./cvat-lab.ts";

let cvat: CvatLab;
beforeAll(async () => {
  cvat = await startCvatLab();
  await cvat.lab.startWorkers();
});
afterAll(() => cvat.close());

it("an approval that came while our API was down is heard from the tool's own retries", async () => {
  const taskId = await cvat.waitingTask();
  await cvat.app.close();
  for (const job of await cvat.people.jobs(taskId)) {
    await cvat.people.draw(taskId, job, [animal("a", 3)]);
    await cvat.people.accept(job);
  }
  await until("CVAT to have failed", 30, async () => cvat.cvat.deliveries.deliveries.some(({ status_code: code }) => code === 502));
  const back = await cvat.lab.app();
  expect((await untilStatus(back, taskId, "waiting"))["round"]).toBe(1);
  await back.listen({ port: cvat.port, host: "127.0.0.1" });
  expect((await untilStatus(back, taskId, "completed"))["status"]).toBe("completed");
});
