import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** What scripts/setup.sh found or installed; it writes .actverse/env.json. */
export interface Tools {
  temporal: string;
  ffmpeg: string;
  ffprobe: string;
  /** The Python of trainer/'s environment. */
  python: string;
  /** Its folder. */
  python_env: string;
  uv: string;
  chromium?: string | null;
  /** Label Studio's command, for the long tests. */
  label_studio?: string | null;
  /** The command of NVIDIA Triton, with its libraries, for the long tests. */
  triton?: string | null;
  /** The Python of test/readers: other people's readers of the result files, for the tests. */
  readers?: string | null;
}

/** Throws with what to do where set-up has not run. */
export function readTools(root = process.cwd()): Tools {
  const file = resolve(root, ".actverse", "env.json");
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run setup\` first`);
  return JSON.parse(readFileSync(file, "utf8")) as Tools;
}
