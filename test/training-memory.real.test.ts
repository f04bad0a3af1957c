import { writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLocalStorage } from "../adapters/storage/local.ts";
import { makeId } from "../domain/ids.ts";
import { SETTINGS } from "./killed-training.ts";
import { createAttempts, type Place } from "./training-attempts.ts";

/** SIGKILL of the real trainer that looks like the host's, for lack of memory, and one that does not. */

let root: string;
let attempt: ReturnType<typeof createAttempts>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-memory-"));
  attempt = createAttempts({ root, storage: createLocalStorage({ root: join(root, "data") }) });
});
afterAll(() => rm(root, { recursive: true, force: true }));

const short = { ...SETTINGS, epochs: 3 };
const inSecond: Place = { name: "in its second epoch", counted: 1 };

it("goes on from the last checkpoint with half the batch where the host counts the kill, and with the same where it does not", async () => {
  const counter = join(root, "memory.events");
  await writeFile(counter, "oom 4\noom_kill 1\n");
  const somebodys = makeId();
  expect(await attempt({ taskId: somebodys, training: short, place: inSecond, counters: [counter] })).toMatchObject({ kind: "crash", epochs: [0] });
  expect(await attempt({ taskId: somebodys, training: short, counters: [counter] })).toMatchObject({ epochs: [1, 2], batches: [8], output: { notes: [] } });

  const hosts = { ...inSecond, onKill: () => writeFileSync(counter, "oom 4\noom_kill 2\n") };
  const { epochs, batches, output } = await attempt({ taskId: makeId(), training: short, place: hosts, counters: [counter] });
  expect(batches).toEqual([8, 4]);
  expect(epochs).toEqual([0, 1, 2]);
  expect(output!.notes).toEqual(["Memory ran out with a batch of 8: training went on with 4."]);
}, 1_800_000);
