import { afterEach, expect, it } from "vitest";
import { createLanes, type Lanes } from "./lanes.ts";
import { ThreadProblem } from "./thread-messages.ts";

/** Each answers with its thread's number, as a class; "die" ends its thread. */
const entry = `data:text/javascript,${encodeURIComponent(`
import { parentPort, threadId } from "node:worker_threads";
parentPort.on("message", ({ id, what, ms }) => {
  if (id === undefined || what === "die") process.exit(1);
  setTimeout(() => parentPort.postMessage({ id, ok: true, detections: [[{ classId: threadId }]] }), ms ?? 0);
});
`)}`;
type Asked = { what: "answer" | "die"; ms?: number };

let lanes: Lanes<Asked>;
let deaths = 0;
const open = (count: number): void => void (lanes = createLanes<Asked>({ entry, count, onDeath: () => (deaths += 1) }));
afterEach(() => lanes.close());
const threadOf = async (asked: Asked): Promise<number | undefined> => (await lanes.ask(asked))[0]?.[0]?.classId;

it("asks the lane with the least to do, and each where all are meant", async () => {
  open(3);
  const found = await Promise.all(Array.from({ length: 9 }, () => threadOf({ what: "answer", ms: 50 })));
  const counts = [...new Set(found)].map((thread) => found.filter((other) => other === thread).length);
  expect(counts).toEqual([3, 3, 3]);
  await lanes.askEach({ what: "answer" });
});

it("ends all of them when one dies, tells it once, and starts others with the next request", async () => {
  open(2);
  deaths = 0;
  const before = await Promise.all([threadOf({ what: "answer", ms: 20 }), threadOf({ what: "answer", ms: 20 })]);
  const long = lanes.ask({ what: "answer", ms: 60_000 }).catch((error: unknown) => error);
  expect(await lanes.ask({ what: "die" }).catch((error: unknown) => error)).toBeInstanceOf(ThreadProblem);
  expect(await long).toMatchObject({ problem: "failed" });
  expect(deaths).toBe(1);
  const after = await Promise.all([threadOf({ what: "answer", ms: 20 }), threadOf({ what: "answer", ms: 20 })]);
  expect(new Set([...before, ...after]).size).toBe(4);
  expect(deaths).toBe(1);
});
