import { Command } from "commander";
import { addCompletionCommand } from "./commands/completion.ts";
import { addControlCommands } from "./commands/control.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addKeyCommands } from "./commands/keys.ts";
import { addLabelingCommands } from "./commands/labeling.ts";
import { addModelCommands, addStepCommands } from "./commands/models.ts";
import { addResultsCommand } from "./commands/results.ts";
import { addRunCommand } from "./commands/run.ts";
import { addTaskCommands } from "./commands/tasks.ts";
import { contextOf, type Io, type Work } from "./context.ts";
import { EXIT, EXIT_MEANINGS } from "./exit-codes.ts";
import { failureOf, inWords } from "./failure.ts";

/** Gives a command its work: what is named on the line, then the options. */
export type Does = <Args extends unknown[]>(command: Command, work: Work<Args>) => void;

const exitCodes = (): string => Object.entries(EXIT).map(([name, code]) => `  ${String(code).padStart(3)}  ${EXIT_MEANINGS[name as keyof typeof EXIT]}`).join("\n");

/** The whole command line. `ended` gets what a command ends with. */
export function createProgram(io: Io, ended: (code: number) => void): Command {
  const program = new Command("actverse")
    .description("A client of the Actverse API: videos of moving animals, the models trained for them, and their results.")
    .option("--url <address>", "where the API is; default: ACTVERSE_URL, else http://127.0.0.1:8080")
    .option("--json", "answers as JSON: one document, or a line for each message of what is waited for")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} })
    .addHelpText("after", `\nThe API key, where one is needed: ACTVERSE_API_KEY.\n\nExit codes:\n${exitCodes()}`);
  const does = <Args extends unknown[]>(command: Command, work: Work<Args>): void => {
    // Arguments, then options; the last is the command itself.
    command.action(async (...given: unknown[]) => ended((await work(contextOf(io, command), ...(given.slice(0, -1) as Args))) ?? EXIT.done));
  };
  for (const add of [addRunCommand, addTaskCommands, addControlCommands, addLabelingCommands, addResultsCommand, addStepCommands, addModelCommands, addKeyCommands, addDoctorCommand]) add(program, does);
  addCompletionCommand(program);
  return program;
}

/** Runs one command; what the process is to end with. Never throws: errors are said on `io.err`, as the API's problem where JSON is wanted. */
export async function actverse(args: string[], io: Io): Promise<number> {
  let code: number = EXIT.done;
  try {
    await createProgram(io, (ended) => (code = ended)).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (io.signal.aborted) return EXIT.interrupted;
    const failure = failureOf(error);
    // Help was asked for, or shown in place of a command.
    if (failure.isShown) return failure.code;
    io.err(args.includes("--json") ? `${JSON.stringify(failure.problem)}\n` : `${inWords(failure.problem)}\n`);
    return failure.code;
  }
}
