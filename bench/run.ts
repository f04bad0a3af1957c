import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, BenchContext, Figure } from "./figure.ts";

/**
 * `npm run bench`: every benchmark but the long ones, one after another, and bench/results.json. `-- --only NAME --json`: one, with the list of its figures as the last line.
 * See docs/bench.md.
 */

interface Results {
  machine: Record<string, string | number>;
  figures: (Figure & { measured_at: string })[];
}

const { values: flags } = parseArgs({ options: { only: { type: "string" }, json: { type: "boolean", default: false } } });
const folder = import.meta.dirname;
const resultsFile = join(folder, "results.json");
const cache = join(folder, "..", ".actverse", "bench");
// With --json the last line of stdout is for programs; what people read goes beside it.
const say = (line: string): void => (flags.json ? console.error(line) : console.log(line));

async function benches(): Promise<Bench[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "run.ts").toSorted();
  const modules = await Promise.all(files.map(async (name) => (await import(`./${name}`)) as { bench?: Bench }));
  return modules.flatMap(({ bench }) => (bench === undefined ? [] : [bench]));
}

const machine = (): Results["machine"] => ({ cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, memory_gib: Math.round(totalmem() / 2 ** 30), system: `${type()} ${release()}`, node: process.version });

/** A figure takes the place of its older self; the others stay. */
async function keep(figures: Figure[]): Promise<void> {
  const before = await readFile(resultsFile, "utf8").then(
    (text) => JSON.parse(text) as Results,
    () => ({ figures: [] as Results["figures"] }),
  );
  const fresh = new Set(figures.map(({ name }) => name));
  const measured_at = new Date().toISOString();
  const all = [...before.figures.filter(({ name }) => !fresh.has(name)), ...figures.map((figure) => ({ ...figure, measured_at }))];
  const results: Results = { machine: machine(), figures: all.toSorted((a, b) => a.name.localeCompare(b.name)) };
  await writeFile(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
}

const reaches = ({ value, goal, better }: Figure): string => (goal === null ? "" : (better === "lower" ? value <= goal : value >= goal) ? `, as wanted (${goal})` : `, wanted ${goal}`);

const known = await benches();
const { only } = flags;
const chosen = only === undefined ? known.filter(({ long }) => long !== true) : known.filter(({ names }) => names.includes(only));
if (chosen.length === 0) throw new Error(`there is no benchmark "${only}"; there are ${known.flatMap(({ names }) => names).join(", ")}`);
await mkdir(cache, { recursive: true });
const context: BenchContext = { cache, say };
const found: Figure[] = [];
const failed: string[] = [];
for (const bench of chosen) {
  say(`\n${bench.names.join(", ")}`);
  try {
    const figures = await bench.run(context);
    for (const figure of figures) say(`  ${figure.name}: ${figure.value} ${figure.unit} (${figure.spread.join(" to ")})${reaches(figure)}\n    ${figure.note}`);
    found.push(...figures);
    await keep(figures);
  } catch (error) {
    failed.push(bench.names.join(", "));
    console.error(error);
  }
}
if (failed.length > 0) say(`\nfailed: ${failed.join("; ")}`);
if (flags.json) console.log(JSON.stringify(found));
process.exit(failed.length > 0 ? 1 : 0);
