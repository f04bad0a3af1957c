import { parseArgs } from "node:util";
import { makeSample, type SampleOptions } from "./make-sample.ts";

/** npx tsx scripts/sample/cli.ts --out FOLDER [--seed N --seconds N --width N --height N --fps N --animals N] */
const NUMBERS = ["seed", "seconds", "width", "height", "fps", "animals"] as const;
const values: Record<string, string | undefined> = parseArgs({ options: Object.fromEntries((["out", ...NUMBERS] as const).map((name) => [name, { type: "string" as const }])) }).values;
if (values["out"] === undefined) throw new Error("--out FOLDER: where sample.mp4 and truth.json are to lie");

const options: SampleOptions = { folder: values["out"] };
for (const name of NUMBERS) {
  const text = values[name];
  if (text === undefined) continue;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} ${text}: a number is wanted`);
  options[name] = value;
}
const made = await makeSample(options);
console.log(`${made.video}\n${made.truth}`);
