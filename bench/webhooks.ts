import { startCvatDeliveries } from "../test/cvat-deliveries.ts";
import { runDeliveries, type DeliveriesReport } from "../test/deliveries.ts";

const ROUNDS = 3;

/** How many trainings 1,000 deliveries of a labeling tool's webhook lead to: repeated, shuffled, some forged, with and without a worker, some after the end. */
export const bench = {
  names: ["webhooks_runs"],
  async run() {
    const reports: DeliveriesReport[] = [];
    for (let seed = 1; seed <= ROUNDS; seed++) reports.push(await runDeliveries({ start: startCvatDeliveries, seed }));
    for (const { genuine, forged, unknown, unchangedByReplays } of reports) {
      const statuses = JSON.stringify({ genuine, forged, unknown });
      if (statuses !== '{"genuine":{"200":800},"forged":{"401":100},"unknown":{"404":100}}' || !unchangedByReplays) throw new Error(`deliveries were not answered as they should be: ${statuses}, unchanged by replays: ${unchangedByReplays}`);
    }
    const runs = reports.map(({ scheduled }) => scheduled["trainModel"] ?? 0);
    const longest = (when: "withoutWorker" | "withWorker"): number => Math.round(Math.max(...reports.map((report) => report[when].longest)));
    return [
      {
        name: "webhooks_runs",
        value: Math.max(...runs),
        unit: "trainings",
        goal: 1,
        better: "lower" as const,
        spread: [Math.min(...runs), Math.max(...runs)] as [number, number],
        command: "npm run bench -- --only webhooks_runs --json",
        note: `1,000 deliveries a run, 40 at once: 800 genuine all 200, 100 forged all 401, 100 for unknown tasks all 404; the longest genuine one took ${longest("withoutWorker")} ms without a worker and ${longest("withWorker")} ms with one; at most ${Math.max(...reports.map(({ signals }) => signals))} signals and ${Math.max(...reports.map(({ scheduled }) => scheduled["verifyApproval"] ?? 0))} read-backs`,
      },
    ];
  },
};
