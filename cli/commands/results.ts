import type { Command } from "commander";
import { createWriteStream } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import cliProgress from "cli-progress";
import { InputError } from "../../domain/errors.ts";
import { selfOf, type Context } from "../context.ts";
import type { Does } from "../program.ts";
import { size, table } from "../table.ts";
import { count } from "./options.ts";

interface ResultFileRow {
  name: string;
  bytes: number;
  url: string;
}

/** `results TASK`: what there is, and onto this machine. */
export function addResultsCommand(program: Command, does: Does): void {
  const results = program
    .command("results <task> [files...]")
    .description("the result files of a task or of an inference; with --to they are downloaded, a download that was interrupted goes on")
    .option("--to <folder>", "downloads the files that are named, or all")
    .option("--round <n>", "of an earlier round", count);
  does(results, async (context, task: string, names: string[], { to, round }: { to?: string; round?: number }) => {
    const { api, io } = context;
    const { files } = await api.get<{ files: ResultFileRow[] }>(`/tasks/${encodeURIComponent(task)}/results${round === undefined ? "" : `?round=${round}`}`);
    const wanted = names.length === 0 ? files : names.map((name) => named(files, name));
    if (to === undefined) {
      context.answer({ files: wanted }, () => (wanted.length === 0 ? "there are no results yet" : `${table(["FILE", "SIZE"], wanted.map(({ name, bytes }) => [name, size(bytes)]))}\nto download them: ${selfOf(io.env)} results ${task} --to FOLDER`));
      return;
    }
    const folder = resolve(to);
    await mkdir(folder, { recursive: true });
    for (const file of wanted) await download(context, file, folder);
    context.answer({ folder, files: wanted.map(({ name, bytes }) => ({ name, bytes, path: join(folder, name) })) }, () => `${wanted.length} files, ${size(wanted.reduce((sum, { bytes }) => sum + bytes, 0))}, are in ${folder}`);
  });
}

function named(files: ResultFileRow[], name: string): ResultFileRow {
  const file = files.find((each) => each.name === name);
  if (file === undefined) throw new InputError({ field: "files", message: `there is no result file ${name}`, whatToDo: files.length === 0 ? "wait until the task has results" : `there are ${files.map((each) => each.name).join(", ")}` });
  return file;
}

/** A file becomes visible under its name when it is whole. What an interrupted download left is kept, and gone on from. */
async function download({ api, io, json }: Context, { name, bytes, url }: ResultFileRow, folder: string): Promise<void> {
  const part = join(folder, `${name}.part`);
  const have = await stat(part).then((found) => (found.size < bytes ? found.size : 0), () => 0);
  const answer = await api.open(url, { headers: have === 0 ? {} : { range: `bytes=${have}-` }, signal: io.signal });
  const begins = answer.status === 206 ? have : 0;
  const bar = io.terminal && !json ? new cliProgress.SingleBar({ format: `  ${name.padEnd(18)} [{bar}] {percentage}%  {size}`, barsize: 24, hideCursor: true }, cliProgress.Presets.shades_classic) : null;
  bar?.start(bytes, begins, { size: size(bytes) });
  let come = begins;
  const counted = new Transform({ transform: (chunk: Buffer, _encoding, done) => (bar?.update((come += chunk.length)), done(null, chunk)) });
  try {
    // oxlint-disable-next-line typescript/no-unsafe-argument -- fetch's stream is Node's own, under another type
    await pipeline(Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), counted, createWriteStream(part, { flags: begins === 0 ? "w" : "a" }), { signal: io.signal });
  } finally {
    bar?.stop();
  }
  const { size: written } = await stat(part);
  if (written !== bytes) throw new Error(`${name} has ${written} of ${bytes} bytes: run the same command again, and the download goes on`);
  await rename(part, join(folder, name));
}
