import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { startLabelStudio, type LabelStudioServer } from "../../../test/label-studio-server.ts";
import { createLocalStorage } from "../../storage/local.ts";
import { labelingContract, TASK, SETTINGS } from "../contract.test-suite.ts";
import { CONTROLS } from "./config.ts";
import { createLabelStudioLabeling } from "./index.ts";
import { titleOf } from "./task.ts";
import { toResults } from "./to-results.ts";
import type { Task } from "./wire.ts";

let server: LabelStudioServer;
const folders: string[] = [];
beforeAll(async () => {
  server = await startLabelStudio();
});
afterAll(async () => {
  await server?.stop();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

labelingContract("Label Studio", async () => {
  const root = await mkdtemp(join(tmpdir(), "actverse-ls-"));
  folders.push(root);
  const storage = createLocalStorage({ root });
  const owner = await server.person("owner@lab.example");
  const { results } = await owner.call<{ results: { id: number }[] }>("GET", "/api/projects/?page_size=100");
  for (const { id } of results) await owner.call("DELETE", `/api/projects/${id}/`);
  const tool = createLabelStudioLabeling({ storage, url: server.url, token: server.token, publicUrl: "http://127.0.0.1:9", webhookSecret: "s".repeat(20) });
  return {
    storage,
    tool,
    async label({ round, frame, objects, reviewed, by }) {
      const person = await server.person(`${by}@lab.example`);
      const title = titleOf(`flies - ${TASK}`, TASK, round);
      const projects = await person.call<{ results: { id: number; title: string }[] }>("GET", "/api/projects/?page_size=100");
      const project = projects.results.find((p) => p.title === title)!.id;
      const { tasks } = await person.call<{ tasks: Task[] }>("GET", `/api/tasks?project=${project}&fields=all&page_size=100`);
      const task = tasks.find(({ data }) => data["frame"] === frame)!;
      const result = [...toResults(objects, SETTINGS.keypoints, { width: 640, height: 480 }), ...(reviewed ? [{ id: "r", type: "choices", from_name: CONTROLS.review, to_name: "image", value: { choices: ["Approved"] } }] : [])];
      const [annotation] = task.annotations;
      if (annotation === undefined) await person.call("POST", `/api/tasks/${task.id}/annotations/`, { result });
      else await person.call("PATCH", `/api/annotations/${annotation.id}/`, { result });
    },
  };
});
