import { describe, expect, it } from "vitest";
import { createCoalescer } from "./coalesce.ts";

const later = () => {
  let done = (_value: number): void => {};
  const promise = new Promise<number>((resolve) => (done = resolve));
  return { promise, done: (value: number) => done(value) };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a coalescer", () => {
  it("does once what many want at once, and once more for those who come meanwhile", async () => {
    const share = createCoalescer<number>();
    const first = later();
    let acts = 0;
    const act = () => ((acts += 1) === 1 ? first.promise : Promise.resolve(acts));
    const early = Array.from({ length: 50 }, () => share("task", act));
    await turn();
    const late = Array.from({ length: 50 }, () => share("task", act));
    await turn();
    expect(acts).toBe(1);
    first.done(1);
    expect(new Set(await Promise.all(early))).toEqual(new Set([1]));
    expect(new Set(await Promise.all(late))).toEqual(new Set([2]));
    expect(await share("task", act)).toBe(3);
  });

  it("keeps keys apart, and a failure from the next", async () => {
    const share = createCoalescer<number>();
    const failing = share("a", () => Promise.reject(new Error("away")));
    const other = share("b", () => Promise.resolve(7));
    await expect(failing).rejects.toThrow("away");
    expect(await other).toBe(7);
    expect(await share("a", () => Promise.resolve(8))).toBe(8);
  });
});
