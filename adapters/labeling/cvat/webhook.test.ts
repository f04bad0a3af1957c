import { createHmac } from "node:crypto";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { labelKeys } from "../../../domain/layout.ts";
import { drawn, SETTINGS, TASK, writeFrames } from "../contract.test-suite.ts";
import type { WebhookReading } from "../labeling.ts";
import { createHarness, removeFolders, SECRET, TITLE, type CvatHarness } from "./cvat-harness.test-tools.ts";
import { startCvatServer, type CvatServer } from "./cvat-server.test-tools.ts";

const of = { taskId: TASK, round: 1 };

interface Received {
  headers: Record<string, string>;
  body: Buffer;
}

/** Our API's place: takes deliveries as they come. */
async function startReceiver() {
  const received: Received[] = [];
  const answers: number[] = [];
  const app: FastifyInstance = Fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.post("/webhooks/cvat", async (request, reply) => {
    received.push({ headers: request.headers as Record<string, string>, body: request.body as Buffer });
    return await reply.code(answers.shift() ?? 200).send();
  });
  return { app, received, answers, url: await app.listen({ port: 0, host: "127.0.0.1" }) };
}

describe.each([{ beforeUpdate: true }, { beforeUpdate: false }])("CVAT's webhook ($beforeUpdate: says what was before)", ({ beforeUpdate }) => {
  let server: CvatServer;
  let harness: CvatHarness;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  beforeEach(async () => {
    server = await startCvatServer({ polls: 0, beforeUpdate, faster: 100_000 });
    receiver = await startReceiver();
    harness = await createHarness(server, { framesPerJob: 2, publicUrl: receiver.url });
    await writeFrames(harness.storage, { count: 4 });
    await harness.tool.request({ ...of, title: TITLE, settings: SETTINGS });
    await server.deliveries.idle();
    receiver.received.splice(0);
  });
  afterEach(async () => {
    await server.close();
    await receiver.app.close();
  });
  afterAll(removeFolders);

  const read = async (delivery: Received, pathTaskId: string | null = null): Promise<WebhookReading | null> => await harness.tool.webhook({ ...delivery, pathTaskId });
  const dateOf = ({ body }: Received): string => (JSON.parse(body.toString()) as { job?: { updated_date: string } }).job?.updated_date ?? "";
  /** What was said since the last time, in the order in which it happened: deliveries may overtake each other. */
  const heard = async (): Promise<(WebhookReading | null)[]> => {
    await server.deliveries.idle();
    const inOrder = receiver.received.splice(0).toSorted((a, b) => dateOf(a).localeCompare(dateOf(b)));
    return await Promise.all(inOrder.map((delivery) => read(delivery)));
  };
  const says = async (): Promise<(string | undefined)[]> => (await heard()).map((reading) => reading?.says);
  const set = async (change: object): Promise<void> => {
    await harness.client.send("PATCH", `/api/jobs/${(await harness.jobs())[0]!.id}`, change);
  };
  const signed = (payload: unknown, secret = SECRET): Received => {
    const body = Buffer.from(JSON.stringify(payload));
    return { headers: { "x-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}` }, body };
  };
  const approve = async (frames: number[]): Promise<void> => {
    await harness.storage.put(labelKeys(TASK, 1).snapshot, JSON.stringify({ frames: frames.map((frame) => ({ frame })) }));
  };

  it("says approved when a job is accepted and completed, with an id of its own for each change", async () => {
    const before = server.asked.length;
    await harness.accept((await harness.jobs())[0]!);
    const readings = await heard();
    expect(readings.map((reading) => reading?.says)).toEqual(["nothing", "approved"]);
    expect(readings[1]).toMatchObject({ taskId: TASK, round: 1, comments: [], id: expect.stringMatching(/^cvat-\d+-.+-acceptance-completed$/) as string });
    expect(new Set(readings.map((reading) => reading?.id)).size).toBe(2);
    // Listing the jobs, and the two changes of the job: reading the webhook asked CVAT nothing.
    expect(server.asked.length - before).toBe(3);
  });

  it("says approved only when all jobs are accepted, where labels may be approved in part", async () => {
    await harness.tool.request({ ...of, title: TITLE, settings: { ...SETTINGS, labeling: { ...SETTINGS.labeling, allow_partial: true } } });
    const [first, second] = await harness.jobs();
    await harness.accept(first!);
    expect(await says()).toEqual(["nothing", "nothing"]);
    await harness.accept(second!);
    await server.deliveries.idle();
    const last = receiver.received.splice(0).toSorted((a, b) => dateOf(a).localeCompare(dateOf(b))).at(-1)!;
    server.faults.push({ when: "before", matches: (_method, path) => path.startsWith("/api/jobs"), status: 503 });
    await expect(read(last)).rejects.toMatchObject({ name: "CvatError", status: 503 });
    expect(await read(last)).toMatchObject({ says: "approved" });
  });

  it("says nothing of a save of annotations", async () => {
    await harness.label({ round: 1, frame: 0, objects: [drawn("a", 60)], reviewed: false, by: "ann" });
    expect(new Set(await says())).toEqual(new Set(["nothing"]));
  });

  it("says rejected, and reopened where something approved is open again", async () => {
    await set({ stage: "validation", state: "completed" });
    await set({ state: "rejected" });
    expect(await says()).toEqual(["nothing", "rejected"]);
    await set({ stage: "acceptance" });
    await set({ state: "completed" });
    await approve([0, 25]);
    await says();
    await set({ stage: "annotation" });
    expect(await says()).toEqual(["reopened"]);
  });

  it("does not call the job reopened that a partial approval left out", async () => {
    await approve([50, 75]);
    await set({ state: "in progress" });
    expect(await says()).toEqual(["nothing"]);
  });

  it("our own rejection comes back as no rejection", async () => {
    await harness.accept((await harness.jobs())[0]!);
    await says();
    await harness.tool.reject({ ...of, comments: [{ frame: 0, comment: "no" }], by: "bob" });
    expect(await says()).not.toContain("rejected");
  });

  it("is delivered again after 5xx, 408 and 429, and reads the same; never after another 4xx", async () => {
    receiver.answers.push(503, 429, 408, 200);
    await set({ state: "in progress" });
    await server.deliveries.idle();
    expect(receiver.received).toHaveLength(4);
    expect(new Set((await Promise.all(receiver.received.splice(0).map((delivery) => read(delivery)))).map((reading) => reading?.id)).size).toBe(1);
    receiver.answers.push(404);
    await set({ state: "new" });
    await server.deliveries.idle();
    expect(receiver.received).toHaveLength(1);
  });

  it("knows the task of a ping, and says nothing", async () => {
    const hook = [...server.store.webhooks.values()][0]!;
    expect(await harness.client.send("POST", `/api/webhooks/${hook.id}/ping`)).toMatchObject({ status_code: 200 });
    expect(await heard()).toEqual([{ taskId: TASK, id: `cvat-ping-${hook.id}`, says: "nothing", comments: [] }]);
    expect(await read(signed({ event: "ping", webhook: { id: 1, description: "somebody's own" } }))).toBeNull();
  });

  it("is refused without our signature: none, another secret's, another body's, another form's", async () => {
    await harness.accept((await harness.jobs())[0]!);
    await server.deliveries.idle();
    const real = receiver.received.toSorted((a, b) => dateOf(a).localeCompare(dateOf(b))).at(-1);
    const signature = real!.headers["x-signature-256"]!;
    const forged: Received[] = [
      { headers: {}, body: real!.body },
      { headers: { "x-signature-256": "" }, body: real!.body },
      { headers: { "x-signature-256": signature.slice("sha256=".length) }, body: real!.body },
      { headers: { "x-signature-256": signature.replace(/.$/, (last) => (last === "0" ? "1" : "0")) }, body: real!.body },
      { headers: { "x-signature-256": signature }, body: Buffer.concat([real!.body, Buffer.from(" ")]) },
      { headers: { "x-signature-256": signature }, body: Buffer.from(JSON.stringify(JSON.parse(real!.body.toString()))) },
      signed(JSON.parse(real!.body.toString()), "another secret"),
    ];
    for (const delivery of forged) await expect(read(delivery)).rejects.toMatchObject({ name: "InputError", status: 401 });
    expect(await read(real!)).toMatchObject({ says: "approved" });
  });

  it("is about nothing of ours: other events, jobs of other tasks, another task's address", async () => {
    const job = await harness.client.get<object>(`/api/jobs/${(await harness.jobs())[0]!.id}`);
    expect(await read(signed({ event: "update:task", task: {} }))).toBeNull();
    expect(await read(signed({ event: "update:job", job: { ...job, task_id: 4711 } }))).toBeNull();
    expect(await read(signed({ event: "update:job", job }), "1111111task1")).toBeNull();
    expect(await read(signed({ event: "update:job", job }), TASK)).toMatchObject({ taskId: TASK });
    expect(await read(signed({ event: "update:job", job: { ...job, type: "ground_truth", stage: "acceptance", state: "completed" } }))).toMatchObject({ says: "nothing" });
    for (const broken of [{ event: "update:job", job: null }, { event: "update:job", job: {} }, { event: "update:job", job: { ...job, task_id: "../9" } }]) expect(await read(signed(broken))).toBeNull();
    for (const text of ["not JSON", "null", "7", ""]) {
      const body = Buffer.from(text);
      await expect(read({ headers: { "x-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}` }, body }), text).rejects.toMatchObject({ name: "InputError", status: 400 });
    }
  });

  it("tells rounds apart", async () => {
    await writeFrames(harness.storage, { count: 2, round: 2 });
    await harness.tool.request({ taskId: TASK, round: 2, title: TITLE, settings: SETTINGS });
    await server.deliveries.idle();
    receiver.received.splice(0);
    await harness.accept((await harness.jobs(2))[0]!);
    expect((await heard()).at(-1)).toMatchObject({ round: 2, says: "approved" });
  });
});
