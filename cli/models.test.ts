import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { modelFile, startModelsLab } from "../api/models-lab.test-suite.ts";
import type { Lab } from "../api/lab.test-suite.ts";
import { resultKeys, trainKeys } from "../domain/layout.ts";
import { until } from "../scripts/child.ts";
import { EXIT } from "./exit-codes.ts";
import { startCommandLab, type CommandLab } from "./lab.test-tools.ts";

/** Models, single steps and result files from the command line: a real API and real deployments. */

let lab: Lab;
let folder: string;
let stop: () => Promise<void>;
let commands: CommandLab;
let run: CommandLab["run"];
let taskId: string;
let here: string;
beforeAll(async () => {
  ({ lab, folder, stop } = await startModelsLab());
  commands = await startCommandLab(lab);
  ({ run } = commands);
  await lab.startWorkers();
  here = await mkdtemp(join(tmpdir(), "actverse-cli-"));
  taskId = await commands.make();
  await until("labels to be waited for", 60, async () => (await run(["status", taskId, "--json"])).document["status"] === "waiting");
  await commands.reviewFrame(taskId);
  await run(["approve", taskId, "--allow-partial"]);
  // Its labels train; in this lab its training exports no file, so that its own deployment waits for one.
  await run(["watch", taskId]);
  await lab.storage.put(trainKeys(taskId, 1).onnx, { file: modelFile("detect") });
}, 180_000);
afterAll(async () => {
  await rm(here, { recursive: true, force: true });
  await stop();
});

it("brings a model, shows what there is, promotes and rolls back", async () => {
  expect((await run(["models"])).out).toBe("there are no models yet\n");
  const brought = await run(["models", "import", join(folder, "pose-fixed-uint8.onnx"), "--name", "squares"]);
  expect(brought.code, brought.out + brought.err).toBe(EXIT.done);
  expect(brought.out).toMatch(/^Single step [0-9a-z]{12}\n/);
  expect(brought.out).toMatch(/\nStep [0-9a-z]{12}: completed\n {2}endpoint: onnx:\/\/squares\/1\n$/);
  expect((await run(["models"])).out).toMatch(/^MODEL +ANSWERS +VERSIONS +BEFORE +FINDS +OWNER +DEPLOYED\nsquares +1 +1 +- +pose +local +\d{4}-/);
  expect((await run(["models", "show", "squares"])).out).toMatch(/^Model squares: version 1 answers.*\n {2}finds red, green; keypoints centre, corner\nVERSION +STATUS/);

  const deployed = await run(["deploy", taskId, "--json"]);
  expect(deployed.code, deployed.err).toBe(EXIT.done);
  expect(deployed.lines[0]).toMatchObject({ event: "created", data: { task_id: taskId, run_id: expect.any(String) } });
  expect(deployed.lines.at(-1)).toMatchObject({ event: "status", data: { status: "completed", run: { kind: "deployment", task_id: taskId } } });
  expect((await run(["models", "promote", taskId])).code).toBe(EXIT.done);
  expect((await run(["models", "promote", "squares", "--version", "1"])).code).toBe(EXIT.done);
  expect((await run(["models", "show", "global", "--json"])).document).toMatchObject({ served_version: 2, versions: expect.arrayContaining([1, 2]) });
  expect((await run(["models", "rollback", "global", "--why", "worse at night"])).code).toBe(EXIT.done);
  expect((await run(["models", "show", "global"])).out).toMatch(/^Model global: version 1 answers, since .*: worse at night\n/);
  expect((await run(["models", "list", "--json"])).document["models"]).toHaveLength(3);
});

it("runs a model over a video, trains on a task's labels, and says where a step cannot go on", async () => {
  const inferred = await run(["infer", "squares", lab.video, "--confidence", "0.4", "--frame-skip", "0", "--max-frames", "50", "--animals", "2", "--outputs", "json,csv", "--json"]);
  expect(inferred.code, inferred.err).toBe(EXIT.done);
  expect(inferred.lines.at(-1)!["data"]).toMatchObject({ settings: { num_animals: 2, outputs: ["json", "csv"], inference: { confidence: 0.4, max_frames: 50, frame_skip: 0 } } });
  const inWords = await run(["infer", "squares", lab.video, "--outputs", "json"]);
  expect(inWords.out).toMatch(/\nStep ([0-9a-z]{12}): completed\n {2}Results: actverse results \1 --to FOLDER\n$/);

  const key = ["train", taskId, "--epochs", "3", "--set", "augment.flip=false", "--key", "nightly", "--no-wait", "--json"];
  const trains = (await run(key)).document["run_id"] as string;
  expect((await run(key)).document["run_id"]).toBe(trains);
  await until("the training to be known", 20, async () => (await run(["status", trains, "--json"])).document["run"]?.kind === "training");
  expect((await run(["status", trains, "--json"])).document).toMatchObject({ settings: { training: { epochs: 3, augment: { flip: false } } } });
  expect((await run(["status", trains])).out).toMatch(new RegExp(`^Single step \\(training\\) ${trains}: running\n`));
  expect((await run(["cancel", trains])).code).toBe(EXIT.done);

  // A file that is no model is found out by the step itself: it parks, and the command ends with that.
  const damaged = await run(["models", "import", join(folder, "segment.onnx"), "--name", "broken"]);
  expect(damaged.code, damaged.out + damaged.err).toBe(EXIT.parked);
  expect(damaged.out).toContain("  What to do: ");

  const refused: [args: string[], code: number, said: string][] = [
    [["infer", "nobody", lab.video], EXIT.notFound, "What to do: "],
    [["infer", "squares", "/etc/passwd"], EXIT.refused, "data_path"],
    [["infer", "squares", lab.video, "--confidence", "7"], EXIT.refused, "confidence"],
    [["infer", "squares", lab.video, "--iou", "much"], EXIT.usage, "give a number"],
    [["train", taskId, "--set", "epoch=3"], EXIT.refused, "did you mean mode_train_info.epochs"],
    [["train", taskId, "--kind", "guess"], EXIT.usage, "Allowed choices are"],
    [["models", "import", join(folder, "none.onnx"), "--name", "x1"], EXIT.notFound, "no file"],
    [["models", "rollback", "squares"], EXIT.refused, "before 1"],
    [["deploy", "000000000000"], EXIT.notFound, "What to do: "],
  ];
  for (const [args, code, said] of refused) {
    const ran = await run(args);
    expect(ran.code, args.join(" ") + ran.err).toBe(code);
    expect(ran.err, args.join(" ")).toContain(said);
  }
});

it("lists result files and downloads them; what an interrupted download left is gone on from", async () => {
  const inferred = await run(["infer", "squares", lab.video, "--outputs", "json,csv,video", "--json"]);
  const runId = inferred.lines[0]!["data"].run_id as string;
  expect((await run(["results", taskId])).out).toBe("there are no results yet\n");
  expect((await run(["results", runId])).out).toMatch(/^FILE +SIZE\nresult\.json +\d+ B\n[^]*annotated\.mp4 +10 B\nto download them: actverse results /);
  const to = join(here, "out");
  const all = await run(["results", runId, "--to", to, "--json"]);
  expect(all.code, all.err).toBe(EXIT.done);
  expect(await readFile(join(to, "annotated.mp4"), "utf8")).toBe("0123456789");
  expect(all.document["files"]).toContainEqual({ name: "annotated.mp4", bytes: 10, path: join(to, "annotated.mp4") });
  // Only what is missing comes: the part that is there stays, whatever is in it.
  await writeFile(join(to, "annotated.mp4.part"), "abcd");
  expect((await run(["results", runId, "annotated.mp4", "--to", to])).out).toBe(`1 files, 10 B, are in ${to}\n`);
  expect(await readFile(join(to, "annotated.mp4"), "utf8")).toBe("abcd456789");
  expect(await run(["results", runId, "nothing.txt", "--to", to])).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("there are result.json") });
  // A file that ends too early is not taken for the whole.
  await lab.storage.put(resultKeys(runId, 1).annotated, "0123456789".repeat(3));
  expect((await run(["results", runId, "annotated.mp4", "--to", to])).code).toBe(EXIT.done);
  expect(await readFile(join(to, "annotated.mp4"), "utf8")).toHaveLength(30);
});
