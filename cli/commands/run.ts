import type { Command } from "commander";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { selfOf, type Context } from "../context.ts";
import type { Does } from "../program.ts";
import { listOf, placeOf, settingsOf } from "../settings.ts";
import { waitFor } from "../wait.ts";
import { again, count } from "./options.ts";

interface RunOptions {
  project?: string;
  user?: string;
  classes?: string[];
  keypoints?: string[];
  animals?: number;
  frames?: number;
  labelIn?: string;
  set?: string[];
  settings?: string;
  key?: string;
  wait: boolean;
  open: boolean;
}
interface Created {
  task_id: string;
  status_url: string;
  labeling_url: string;
}

/** `run VIDEO`: the whole pipeline of a video, from here. */
export function addRunCommand(program: Command, does: Does): void {
  const run = program
    .command("run <video>")
    .description("makes a task of a video and waits for its results; says where to label, and opens it on a screen")
    .option("--project <name>", "which project it belongs to")
    .option("--user <user>", "whose task it is; default: the API key's user, else yours here")
    .option("--classes <a,b>", "names of what is to be found", listOf)
    .option("--keypoints <a,b>", "names of the keypoints", listOf)
    .option("--animals <n>", "how many animals there are", count)
    .option("--frames <n>", "how many frames to label", count)
    .option("--label-in <tool>", "builtin, label-studio or cvat")
    .option("--set <name=value>", "any other setting, as training.epochs=40; again for each", again)
    .option("--settings <file>", "settings in a file, JSON or YAML, as in the body of POST /tasks/")
    .option("--key <key>", "the same key with the same settings is one task, however often it is said")
    .option("--no-wait", "makes the task and ends")
    .option("--no-open", "opens no browser");
  does(run, async (context, video: string, options: RunOptions) => {
    const { api, io, line } = context;
    const body = { user_id: options.user ?? (await whoAmI(context)), ...settingsOf({ settings: options.settings, set: [...(options.labelIn === undefined ? [] : [`labeling.tool=${options.labelIn}`]), ...(options.set ?? [])], named: namedBy(options) }), file_path: placeOf(video, resolve) };
    const created = await api.send<Created>("POST", "/tasks/", body, options.key === undefined ? {} : { "idempotency-key": options.key });
    const { task_id: id } = created;
    if (!options.wait) {
      context.answer(created, () => `Task ${id} is made.\n  Watch it  ${selfOf(io.env)} watch ${id}\n  Its page  ${api.url}/task/${id}`);
      return undefined;
    }
    line({ event: "created", data: created });
    context.say(`Task ${id}: ${body.file_path}\n  Its page  ${api.url}/task/${id}`);
    return await waitFor(context, id, { opens: options.open && io.terminal });
  });
}

/** What has an option of its own, as the API names it. */
function namedBy({ project, classes, keypoints, animals, frames }: RunOptions) {
  return { project, classes, keypoints, num_animals: animals, num_frames: frames };
}

async function whoAmI({ api }: Context): Promise<string> {
  const { user_id: user, authentication } = await api.get<{ user_id: string; authentication: "keys" | "off" }>("/session");
  return authentication === "keys" ? user : userInfo().username;
}
