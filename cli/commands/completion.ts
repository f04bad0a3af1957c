import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";

/** `completion bash|zsh|fish`: a script for the shell's start-up; it asks this program what fits at each point. */
export function addCompletionCommand(program: Command): void {
  tab(program, { completionCommandName: "completion" });
}
