import type { Detection } from "../../domain/detections.ts";
import { createThreadClient } from "./thread-client.ts";

/** Several threads of one kind that work side by side. Each answers what it is asked in the order in which it is asked. */
export interface Lanes<Request> {
  /** Asks the one with the least to do. Rejects with ThreadProblem. */
  ask(request: Request, transfer?: ArrayBuffer[]): Promise<Detection[][]>;
  /** Asks each of them; done when all have answered. */
  askEach(request: Request): Promise<void>;
  close(): Promise<void>;
}

/** They start with their first request. When one dies, all end: what they hold is known for all of them together. Then `onDeath` is told, and the next request starts others. */
export function createLanes<Request extends object>(options: { entry: string; count: number; onDeath: () => void }): Lanes<Request> {
  const close = async (): Promise<void> => void (await Promise.all(lanes.map(({ client }) => client.close())));
  const onDeath = (): void => {
    void close();
    options.onDeath();
  };
  const lanes = Array.from({ length: options.count }, () => ({ client: createThreadClient<Request>({ entry: options.entry, onDeath }), waiting: 0 }));

  async function askIn(lane: (typeof lanes)[number], request: Request, transfer: ArrayBuffer[] = []): Promise<Detection[][]> {
    lane.waiting += 1;
    try {
      return await lane.client.ask(request, transfer);
    } finally {
      lane.waiting -= 1;
    }
  }

  return {
    ask: (request, transfer) => askIn(lanes.reduce((least, lane) => (lane.waiting < least.waiting ? lane : least)), request, transfer),
    askEach: async (request) => void (await Promise.all(lanes.map((lane) => askIn(lane, request)))),
    close,
  };
}
