import { once } from "node:events";
import { expect, it } from "vitest";
import { createFrameSink } from "./frame-sink.ts";

it("tells its reader of the end only when it has ended, or the reader waits for ever", async () => {
  const ended: boolean[] = [];
  const sink = createFrameSink(2, () => ended.push(sink.stream.writableFinished));
  sink.stream.write(Buffer.from([2, 2, 3, 3, 1, 1]));
  expect(sink.take()?.pixels).toEqual(Buffer.from([1, 1, 2, 2, 3, 3]));
  sink.stream.end();
  await once(sink.stream, "finish");
  expect(ended).toEqual([false, true]);
});

it("uses the memory of a frame again once it is released, and not before", () => {
  const sink = createFrameSink(1, () => undefined);
  const write = (...bytes: number[]): void => void sink.stream.write(Buffer.from(bytes));
  write(2, 3, 1);
  const first = sink.take()!;
  write(5, 6, 4, 8, 9, 7);
  const [second, third] = [sink.take()!, sink.take()!];
  expect([first, second, third].map(({ pixels }) => [...pixels])).toEqual([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
  expect(first.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
  second.release();
  // Once is enough: it must not be given to two frames.
  second.release();
  for (let i = 0; i < 3; i++) write(20 + i, 30 + i, 10 + i);
  const later = [sink.take()!, sink.take()!, sink.take()!];
  expect(later.map(({ pixels }) => [...pixels])).toEqual([[10, 20, 30], [11, 21, 31], [12, 22, 32]]);
  expect([...first.pixels, ...third.pixels]).toEqual([1, 2, 3, 7, 8, 9]);
  expect(later.filter(({ pixels }) => pixels.buffer === second.pixels.buffer)).toHaveLength(1);
});
