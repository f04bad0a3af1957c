import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { send, startLab, type Lab } from "./lab.test-suite.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.stop());

it("has a line for each change and each refusal; what pages ask all the time is for debugging", async () => {
  const lines: { level: number; msg: string; status: number; user?: string }[] = [];
  const app = await lab.app({ logger: pino({ level: "debug" }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) }) });
  const { body } = await send(app, "POST", "/tasks/", { body: lab.body });
  const taskId = body["task_id"] as string;
  await send(app, "GET", `/status/${taskId}?x=secret`);
  await send(app, "PUT", `/labeling/${taskId}/presence`, { body: { client: "a", frame: 0 } });
  await send(app, "PUT", `/labeling/${taskId}/presence`, { body: { client: "not a name!", frame: 0 } });
  const [debug, info] = [20, 30];
  expect(lines.filter(({ status }) => status !== undefined).map(({ level, msg, status }) => [level, msg, status])).toEqual([
    [info, "POST /tasks/", 201],
    [debug, `GET /status/${taskId}`, 200],
    [debug, `PUT /labeling/${taskId}/presence`, 200],
    [info, `PUT /labeling/${taskId}/presence`, 400],
  ]);
  expect(lines.every(({ user }) => user === undefined || user === "local")).toBe(true);
});
