import { afterAll, beforeAll, expect, it } from "vitest";
import { startLab, type Lab } from "../api/lab.test-suite.ts";
import { until } from "../scripts/child.ts";
import { EXIT } from "./exit-codes.ts";
import { runCommand, startCommandLab, type CommandLab, type Ran } from "./lab.test-tools.ts";

/** The command line against a real API, Temporal and workers: what it says, and what it ends with. */

let lab: Lab;
let commands: CommandLab;
let run: CommandLab["run"];
beforeAll(async () => {
  lab = await startLab();
  commands = await startCommandLab(lab);
  ({ run } = commands);
  await lab.startWorkers();
});
afterAll(() => lab.stop());

const untilIs = (taskId: string, status: string): Promise<Ran> =>
  until(`${taskId} to be ${status}`, 60, async () => {
    const ran = await run(["status", taskId, "--json"]);
    return ran.document["status"] === status ? ran : null;
  });
/** What was said, without the task's id. */
const names = (lines: Ran["lines"]): string[] => lines.map((line) => line["event"] as string);

it("shows a task, in words and as the API's own document", async () => {
  const taskId = await commands.make();
  const { document } = await untilIs(taskId, "waiting");
  expect(document).toMatchObject({ task_id: taskId, status: "waiting", user_id: "ada" });
  const { code, out, err } = await run(["status", taskId]);
  expect({ code, err }).toEqual({ code: EXIT.done, err: "" });
  expect(out).toMatch(new RegExp(`^Task ${taskId}: waiting\n  ${lab.video}\n  default, of ada, round 1, made \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d\n  waits for `));
  expect(out).toMatch(/\n {2}download {5}completed 100% +\d+ s\n/);
  expect((await run(["timeline", taskId])).out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d {2}task\.created {17}video_path=.*\n[^]*labeling\.requested/);

  const list = await run(["tasks", "--limit", "5"]);
  expect(list.out).toMatch(/^TASK +STATUS +STEP +PROJECT +USER +CREATED +WAITS FOR\n/);
  expect(list.out).toContain(`${taskId}  waiting`);
  expect((await run(["tasks", "--json"])).document["tasks"]).toContainEqual(expect.objectContaining({ task_id: taskId }));
});

it("retries with corrected settings; watching ends with a parked task, and with the task's end", async () => {
  const taskId = await commands.make({ num_animals: 13 });
  const parked = await run(["watch", taskId]);
  expect(parked.code).toBe(EXIT.parked);
  expect(parked.out).toContain("parked at preinference: 13 brings bad luck\n  What to do: use another number\n  Then: actverse retry");
  expect((await run(["status", taskId])).out).toContain("  preinference: 13 brings bad luck\n  What to do: use another number");

  // What is wrong is said as the API says it: the field, and what to do.
  const wrong = await run(["retry", taskId, "--set", "training.epoch=4"]);
  expect(wrong).toMatchObject({ code: EXIT.refused, out: "" });
  expect(wrong.err).toContain("training.epoch");
  expect(wrong.err).toContain("What to do: did you mean");
  const asJson = await run(["retry", taskId, "--set", "training.epoch=4", "--json"]);
  expect(JSON.parse(asJson.err)).toMatchObject({ status: 400, field: expect.stringContaining("training.epoch"), what_to_do: expect.any(String) });

  expect((await run(["retry", taskId, "--set", "num_animals=2", "--set", "training.epochs=4"])).out).toContain(`preinference of ${taskId} is tried again`);
  const { document } = await untilIs(taskId, "waiting");
  expect(document).toMatchObject({ settings: { num_animals: 2, training: { epochs: 4 } } });

  const early = await run(["approve", taskId]);
  expect(early.code).toBe(EXIT.refused);
  expect((await run(["labeling", "status", taskId])).out).toMatch(/^0 of 3 frames are reviewed, \d more have suggestions: waits for approval\n {2}builtin: http:/);
  await commands.reviewFrame(taskId);
  expect((await run(["reject", taskId, "0=an ear is missing"])).out).toBe("one frame goes back to the labelers\n");
  await until("the rejection to be in the timeline", 20, async () => (await run(["timeline", taskId])).out.includes("an ear is missing"));
  await commands.reviewFrame(taskId);
  expect((await run(["approve", taskId, "--allow-partial"])).out).toBe("approved: 1 frames train, 2 that are not reviewed are left out\n");
  const watched = await run(["watch", taskId]);
  expect(watched.code).toBe(EXIT.done);
  expect(watched.out).toContain(`Task ${taskId}: completed\n`);

  const round = await run(["labeling", "round", taskId, "--json"]);
  expect(round.document).toMatchObject({ task_id: taskId, round: 2, before: 1 });
  expect((await run(["labeling", "sync", taskId])).err).toContain("there is no other tool to read");
});

it("goes on watching over a restart of the API, without losing or repeating a line", async () => {
  const end = lab.holdTraining();
  const taskId = await commands.make();
  await untilIs(taskId, "waiting");
  let said = "";
  const watching = run(["watch", taskId, "--json"], { onOut: (text) => (said += text) });
  const words = run(["watch", taskId]);
  await until("the first lines", 20, async () => said.includes("labeling.requested"));
  await commands.stopApi();
  await commands.startApi();
  await commands.reviewFrame(taskId);
  expect((await run(["approve", taskId, "--allow-partial"])).code).toBe(EXIT.done);
  await until("training to be seen", 40, async () => said.includes("model.training.requested"));
  await commands.stopApi();
  end();
  await commands.startApi();

  const { code, lines } = await watching;
  expect(code).toBe(EXIT.done);
  const events = names(lines).filter((name) => !["progress", "problem"].includes(name));
  expect(events.slice(-3)).toEqual(["task.completed", "end", "status"]);
  expect(new Set(events).size, events.join(" ")).toBe(events.length);
  expect(events.slice(0, 3)).toEqual(["task.created", "video.download.requested", "video.downloaded"]);
  expect(lines.at(-1)!["data"]).toMatchObject({ task_id: taskId, status: "completed" });
  const { out } = await words;
  expect(out).toMatch(/No news: .+\. The task goes on; trying again \.\.\.\n/);
  expect(out).toContain("  The API answers again.\n");

  // A task that has ended is shown as it ended.
  const again = await run(["watch", taskId, "--json"]);
  expect([again.code, names(again.lines).slice(0, 1), names(again.lines).slice(-2)]).toEqual([EXIT.done, ["task.created"], ["end", "status"]]);
});

it("cancels; the watcher ends with that. Ctrl-C ends the watcher alone", async () => {
  const taskId = await commands.make();
  await untilIs(taskId, "waiting");
  const interrupted = new AbortController();
  const left = await run(["watch", taskId], { signal: interrupted.signal, onOut: (text) => (text.includes("Label now") ? setTimeout(() => interrupted.abort(), 100) : undefined) });
  expect(left.code).toBe(EXIT.interrupted);
  expect(left.out).toContain(`  Label now: ${commands.url}/label/${taskId}\n`);
  expect(left.err).toContain(`The task goes on without this window.\n  Watch it again  actverse watch ${taskId}`);
  const watching = run(["watch", taskId]);
  expect((await run(["cancel", taskId])).code).toBe(EXIT.done);
  expect((await watching).code).toBe(EXIT.cancelled);
  expect((await run(["cancel", taskId])).code).toBe(EXIT.refused);
});

it("lists by project, state and kind in as many pages as it takes, and deletes for good", async () => {
  const ids = [await commands.make({ project: "night" }), await commands.make({ project: "day" }), await commands.make({ project: "night" })];
  for (const id of ids) await untilIs(id, "waiting");
  const idsOf = ({ document }: Ran): string[] => (document["tasks"] as { task_id: string }[]).map(({ task_id: id }) => id);
  await until("the list to know them", 30, async () => idsOf(await run(["tasks", "--project", "night", "--state", "waiting", "--json"])).length === 2);
  const first = await run(["tasks", "--project", "night", "--limit", "1", "--json"]);
  expect(idsOf(first)).toEqual([ids[2]]);
  const second = await run(["tasks", "--project", "night", "--limit", "1", "--cursor", first.document["next"] as string, "--json"]);
  expect(idsOf(second)).toEqual([ids[0]]);
  expect((await run(["tasks", "--project", "night", "--limit", "1"])).out).toContain(`\nmore: --cursor ${first.document["next"]}\n`);
  expect((await run(["tasks", "--project", "noon"])).out).toBe("there are no such tasks\n");
  expect((await run(["tasks", "--kind", "run", "--project", "night"])).out).toBe("there are no such tasks\n");

  const id = ids[1]!;
  expect((await run(["delete", id, "--yes"])).code).toBe(EXIT.refused);
  await run(["cancel", id]);
  await untilIs(id, "cancelled");
  expect((await run(["delete", id, "--yes"])).out).toBe(`${id} is deleted\n`);
  expect(await lab.storage.list(`labels/${id}/`)).toEqual([]);
  expect((await run(["status", id])).out).toContain(", deleted ");
  const asked = await run(["requests", id, "--limit", "20"]);
  expect(asked.out).toMatch(/^WHEN +WHO +STATUS +TOOK +WHAT\n/);
  expect(asked.out).toMatch(new RegExp(`local +409 +\\d+ ms +DELETE /tasks/${id}: `));
});

it("ends with a code for each kind of failure, and says what to do", async () => {
  const cases: [args: string[], code: number, said: string][] = [
    [["status", "000000000000"], EXIT.notFound, "What to do: "],
    [["labeling", "status", "000000000000"], EXIT.notFound, "What to do: "],
    [["nonsense"], EXIT.usage, "unknown command 'nonsense'"],
    [["status"], EXIT.usage, "missing required argument 'task'"],
    [["status", "a", "b"], EXIT.usage, "too many arguments"],
    [["tasks", "--limit", "none"], EXIT.usage, "give a whole number from 1"],
    [["tasks", "--state", "tired"], EXIT.usage, "Allowed choices are"],
    [["labeling"], EXIT.usage, "sync <task>"],
    [["reject", "000000000000", "an ear"], EXIT.usage, "write it as 120='an ear is missing'"],
    [["retry", "000000000000", "--set", "epochs"], EXIT.usage, "write it as training.epochs=40"],
    [["retry", "000000000000", "--settings", "/nowhere.yaml"], EXIT.usage, "give a file of settings"],
    [["delete", "000000000000"], EXIT.usage, "add --yes"],
    [["tasks", "--url", "http://127.0.0.1:9"], EXIT.unreachable, "start it with `npm start`"],
    [["watch", "000000000000", "--url", "http://127.0.0.1:9/"], EXIT.unreachable, "http://127.0.0.1:9 cannot be reached"],
  ];
  for (const [args, code, said] of cases) {
    const ran = await run(args);
    expect(ran.code, args.join(" ")).toBe(code);
    expect(ran.err, args.join(" ")).toContain(said);
    expect(ran.out, args.join(" ")).toBe("");
  }
  expect(await run(["--help"])).toMatchObject({ code: EXIT.done, out: expect.stringContaining("Exit codes:"), err: "" });
  expect(await run(["retry", "--help"])).toMatchObject({ code: EXIT.done, out: expect.stringContaining("--set <name=value>") });
});

it("shows its API key, and says so where it is not known", async () => {
  const { token } = await import("../api/keys.ts").then(({ createKeyStore }) => createKeyStore({ storage: lab.storage }).add({ userId: "bob", admin: false }));
  await until("the key to be known", 20, async () => (await runCommand(["tasks"], { env: { ACTVERSE_URL: commands.url } })).code === EXIT.notAllowed);
  expect((await run(["tasks"], { env: { ACTVERSE_API_KEY: token } })).code).toBe(EXIT.done);
  const wrong = await run(["tasks"], { env: { ACTVERSE_API_KEY: "av_wrong" } });
  expect(wrong.code).toBe(EXIT.notAllowed);
  expect(wrong.err).toContain("What to do: ");
  expect(wrong.err).not.toContain("av_wrong");
});
