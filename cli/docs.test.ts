import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { EXIT, EXIT_MEANINGS } from "./exit-codes.ts";
import { createProgram } from "./program.ts";

/** What docs/cli.md says is so. */

const io = { out: () => {}, err: () => {}, terminal: false, env: {}, signal: new AbortController().signal };
const docs = await readFile("docs/cli.md", "utf8");

it("has every exit code, with its meaning", () => {
  const rows = [...docs.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => [Number(code), meaning]);
  expect(rows).toEqual(Object.entries(EXIT).map(([name, code]) => [code, EXIT_MEANINGS[name as keyof typeof EXIT]]));
});

it("names every command, and no option that there is not", () => {
  const program = createProgram(io, () => {});
  const commands = program.commands.filter((command) => !["help", "complete"].includes(command.name()));
  for (const command of commands) expect(docs, command.name()).toContain(`\`${command.name()}`);
  for (const command of program.commands.find((each) => each.name() === "models")!.commands) expect(docs).toContain(command.name() === "list" ? "`models`" : `models ${command.name()}`);
  const options = new Set([program, ...commands, ...commands.flatMap((command) => command.commands)].flatMap((command) => command.options.map(({ long }) => long)).concat(["--help", "--silent"]));
  const named = [...docs.matchAll(/--[a-z][a-z-]+/g)].map(([option]) => option);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((option) => !options.has(option))).toEqual([]);
});
