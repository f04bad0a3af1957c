import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readTools } from "../../scripts/tools.ts";

export interface Evaluation {
  hota: number;
  ass_a: number;
  det_a: number;
  mota: number;
  idf1: number;
  id_switches: number;
  misses: number;
  false_positives: number;
  ids: number;
}

/** A run of one of Ultralytics' trackers; `settings` are those that are not its defaults. */
export interface RivalRun {
  name: string;
  tracker: "bytetrack" | "botsort";
  settings: Record<string, number | boolean | string>;
}

export interface Evaluator {
  track: (job: { video: string; detections: string; runs: RivalRun[]; output: string }) => Promise<void>;
  /** Figures by video and tracker. */
  evaluate: (job: { folder: string; frames: Record<string, number>; trackers: string[] }) => Promise<Record<string, Record<string, Evaluation>>>;
}

/** The Python that evaluates, in an environment of its own with pinned versions; made where it is not there. Ultralytics' trackers run in the trainer's. */
export async function createEvaluator({ cache, say }: { cache: string; say: (line: string) => void }): Promise<Evaluator> {
  const tools = readTools();
  const environment = join(cache, "python");
  const python = join(environment, "bin", "python");
  const requirements = join(import.meta.dirname, "requirements.txt");
  const wanted = await readFile(requirements, "utf8");
  const stamp = join(environment, "made-from.txt");
  if (!existsSync(stamp) || (await readFile(stamp, "utf8")) !== wanted) {
    say("  making the evaluation's Python environment");
    await mkdir(cache, { recursive: true });
    await run({ command: tools.uv, args: ["venv", "--quiet", "--clear", "--python", tools.python, environment] });
    await run({ command: tools.uv, args: ["pip", "sync", "--quiet", "--python", python, requirements] });
    await writeFile(stamp, wanted);
  }
  const packages = await run({ command: python, args: ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"] });
  return {
    track: async (job) => void (await run({ command: tools.python, args: [join(import.meta.dirname, "track.py"), packages.trim()], input: job })),
    evaluate: async (job) => JSON.parse(await run({ command: python, args: [join(import.meta.dirname, "evaluate.py")], input: job })) as Record<string, Record<string, Evaluation>>,
  };
}

/** What it says on stdout; an error with the end of its stderr where it fails. */
export function run({ command, args, input, cwd }: { command: string; args: string[]; input?: unknown; cwd?: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...(cwd === undefined ? {} : { cwd }) });
    let [out, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4000)));
    child.once("error", reject);
    // One that fails at once does not read: its exit says why.
    child.stdin.once("error", () => undefined);
    child.stdin.end(input === undefined ? "" : JSON.stringify(input));
    child.once("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`${command} ${args.join(" ")} ended with code ${code}:\n${errors}`))));
  });
}
