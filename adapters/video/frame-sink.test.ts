import { once } from "node:events";
import { expect, it } from "vitest";
import { createFrameSink } from "./frame-sink.ts";

it("tells its reader of the end only when it has ended, or the reader waits for ever", async () => {
  const ended: boolean[] = [];
  const sink = createFrameSink(2, () => ended.push(sink.stream.writableFinished));
  sink.stream.write(Buffer.from([2, 2, 3, 3, 1, 1]));
  expect(sink.take()).toEqual(Buffer.from([1, 1, 2, 2, 3, 3]));
  sink.stream.end();
  await once(sink.stream, "finish");
  expect(ended).toEqual([false, true]);
});
