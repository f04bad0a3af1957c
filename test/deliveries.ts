import { readJson } from "../adapters/storage/storage.ts";
import type { App } from "../api/context.ts";
import { send, untilStatus, type Lab } from "../api/lab.test-suite.ts";
import { sha256Of } from "../domain/hash.ts";
import { workflowIdOf } from "../domain/ids.ts";
import type { Snapshot } from "../domain/labels.ts";
import { labelKeys, taskKeys, trainKeys } from "../domain/layout.ts";
import type { Manifest } from "../domain/manifest.ts";

/** Deliveries under way at once. */
const AT_ONCE = 40;
const FRAMES = 10;

export interface DeliveriesReport {
  deliveries: number;
  /** HTTP statuses of genuine ones about the task, of genuine ones about tasks that are not there, and of forged ones; each with how often it came. */
  genuine: Record<number, number>;
  unknown: Record<number, number>;
  forged: Record<number, number>;
  /** Milliseconds, of the genuine ones: median and longest, with and without a worker. */
  withoutWorker: { median: number; longest: number };
  withWorker: { median: number; longest: number };
  /** Activities that were scheduled in the task's history, by name. */
  scheduled: Record<string, number>;
  /** Signals in the task's history. */
  signals: number;
  status: string;
  approvedSha256: string;
  manifest: Manifest;
  snapshot: Snapshot;
  /** The record, the task's Temporal run and what lies in labels/ are the same before and after the replays. */
  unchangedByReplays: boolean;
}

/** One POST to our API, as it came from the tool or as somebody makes it up. */
export interface Delivery {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** Actverse with a labeling tool connected. */
export interface DeliverySource {
  lab: Lab;
  app: App;
  /** Where the API listens. */
  url: string;
  /** A task of so many frames that waits for its labels in the tool. Needs workers. */
  waitingTask(settings: { num_frames: number }): Promise<string>;
  /** People draw something in every frame and approve it. Returns what the tool sent of it, each delivery once. */
  labelAll(taskId: string): Promise<Delivery[]>;
  /** The same about a task that is not there, with all that makes it genuine. */
  aboutNothing(delivery: Delivery, n: number): Delivery;
  /** The same from somebody who does not know the secret, in different ways. */
  forged(delivery: Delivery, n: number): Delivery;
  close(): Promise<void>;
}

type Kind = "genuine" | "unknown" | "forged";

/** The same order in every run: a failure can be looked at again. Linear congruence, as in Numerical Recipes. */
function createShuffle(seed: number) {
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return <T>(items: T[]): T[] => items.map((item) => ({ item, at: random() })).toSorted((a, b) => a.at - b.at).map(({ item }) => item);
}

/** Of each ten deliveries: eight genuine, one about a task that is not there, one forged. */
const deliveriesOf = (sent: Delivery[], count: number, { aboutNothing, forged }: Pick<DeliverySource, "aboutNothing" | "forged">): (Delivery & { kind: Kind })[] =>
  Array.from({ length: count }, (_, i) => {
    const delivery = sent[i % sent.length]!;
    const n = Math.trunc(i / 10);
    if (i % 10 === 8) return { kind: "unknown", ...aboutNothing(delivery, n) };
    return i % 10 === 9 ? { kind: "forged", ...forged(delivery, n) } : { kind: "genuine", ...delivery };
  });

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * 1,000 deliveries of one task, twice and more, shuffled, some forged: half of them while no worker runs, a quarter while the task goes on,
 * a quarter after its end, these to another API process. What came of it is for the caller to judge.
 */
export async function runDeliveries({ start, count = 1000, seed = 5 }: { start: () => Promise<DeliverySource>; count?: number; seed?: number }): Promise<DeliveriesReport> {
  const source = await start();
  const { lab, app, url } = source;
  const shuffle = createShuffle(seed);
  const report = { genuine: {}, unknown: {}, forged: {} } as Pick<DeliveriesReport, Kind>;

  /** Returns how long the genuine ones took. */
  async function deliver(to: string, deliveries: (Delivery & { kind: Kind })[]): Promise<number[]> {
    const queue = shuffle(deliveries);
    const took: number[] = [];
    const sender = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const { kind, path, headers, body } = next;
        const began = performance.now();
        const response = await fetch(`${to}${path}`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
        await response.arrayBuffer();
        if (kind === "genuine") took.push(performance.now() - began);
        report[kind][response.status] = (report[kind][response.status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sender));
    return took;
  }

  try {
    await lab.startWorkers();
    const taskId = await source.waitingTask({ num_frames: FRAMES });
    await lab.stopWorkers();

    // What the tool sends of people's work is sent again and again afterwards.
    const sent = await source.labelAll(taskId);
    const all = deliveriesOf(sent, count, source);

    const alone = await deliver(url, all.slice(0, count / 2));
    await lab.startWorkers();
    // Another API process, which has heard of none of them.
    const other = await (await lab.app()).listen({ port: 0, host: "127.0.0.1" });
    const busy = await deliver(other, all.slice(count / 2, (count * 3) / 4));
    await untilStatus(app, taskId, "completed");

    const state = async (): Promise<string> => {
      const { events } = await lab.env.client.workflow.getHandle(workflowIdOf(taskId)).fetchHistory();
      return JSON.stringify([events!.length, sha256Of(await lab.storage.read(taskKeys(taskId).record)), await lab.storage.list(labelKeys(taskId, 1).prefix)]);
    };
    const before = await state();
    const late = await deliver(other, all.slice((count * 3) / 4));
    const unchangedByReplays = before === (await state());

    const { events } = await lab.env.client.workflow.getHandle(workflowIdOf(taskId)).fetchHistory();
    const scheduled: Record<string, number> = {};
    for (const event of events ?? []) {
      // A deployment is a change of a model, which has a workflow of its own.
      const name = event.activityTaskScheduledEventAttributes?.activityType?.name ?? event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name;
      if (name !== null && name !== undefined) scheduled[name] = (scheduled[name] ?? 0) + 1;
    }
    const snapshot = await readJson<Snapshot>(lab.storage, labelKeys(taskId, 1).snapshot);
    return {
      deliveries: count,
      ...report,
      withoutWorker: { median: median(alone), longest: Math.max(...alone) },
      withWorker: { median: median([...busy, ...late]), longest: Math.max(...busy, ...late) },
      scheduled,
      signals: (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes !== null && event.workflowExecutionSignaledEventAttributes !== undefined).length,
      status: ((await send(app, "GET", `/status/${taskId}`)).body as { status: string }).status,
      approvedSha256: snapshot.sha256,
      manifest: await readJson<Manifest>(lab.storage, trainKeys(taskId, 1).manifest),
      snapshot,
      unchangedByReplays,
    };
  } finally {
    await source.close();
  }
}
