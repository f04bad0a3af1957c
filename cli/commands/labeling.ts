import type { Command } from "commander";
import { InputError } from "../../domain/errors.ts";
import { selfOf, type Context } from "../context.ts";
import type { Does } from "../program.ts";

interface Overview {
  status: "IN_PROGRESS" | "COMPLETED";
  frames: number;
  reviewed: number;
  prelabeled: number;
  tool: string;
  url: string;
  waiting: boolean;
  reopened: boolean;
}
type Approved = { frames: number; left_out: number[] } | { claim_id: string };

/** What a person or a cron does about a task's labels. */
export function addLabelingCommands(program: Command, does: Does): void {
  const addApprove = (parent: Command): void => {
    does(parent.command("approve <task>").description("approves the labels: training begins").option("--allow-partial", "leaves out what is not reviewed"), approve);
  };
  addApprove(program);
  does(program.command("reject <task> <frame=comment...>").description("sends frames back to the labelers, each with what is wrong: 120='an ear is missing'"), reject);

  const labeling = program.command("labeling").description("the labels of a task: how far they are, reading a labeling tool back, new rounds");
  does(labeling.command("status <task>").description("how much is labeled, and where"), async ({ api, answer }, task: string) => {
    answer(await api.get<Overview>(path(task)), (found) => overviewInWords(found, api.url));
  });
  does(labeling.command("sync <task>").description("reads the labeling tool back: where it says approved, training begins"), async ({ api, answer }, task: string) => {
    answer(await api.send<object>("POST", `${path(task)}/sync`, {}), () => "the labeling tool is read back; the task's timeline says what comes of it");
  });
  addApprove(labeling);
  does(labeling.command("round <task>").description("opens a new round of a task that has ended, beginning with its labels"), async ({ api, answer, io }, task: string) => {
    answer(await api.send<{ round: number; before: number }>("POST", `${path(task)}/rounds`, {}), ({ round, before }) => `round ${round} is open, with the labels of round ${before}; to see how it goes: ${selfOf(io.env)} watch ${task}`);
  });
}

const path = (task: string): string => `/labeling/${encodeURIComponent(task)}`;

async function approve({ api, answer }: Context, task: string, { allowPartial = false }: { allowPartial?: boolean }): Promise<void> {
  answer(await api.send<Approved>("POST", `${path(task)}/approve`, allowPartial ? { allow_partial: true } : {}), approvedInWords);
}

const approvedInWords = (approved: Approved): string => ("claim_id" in approved ? "the labeling tool is read back now; the task's timeline says what comes of it" : `approved: ${approved.frames} frames train${approved.left_out.length === 0 ? "" : `, ${approved.left_out.length} that are not reviewed are left out`}`);

async function reject({ api, answer }: Context, task: string, given: string[]): Promise<void> {
  const comments = given.map((text) => {
    const [, frame, comment] = /^(\d{1,8})=(.+)$/s.exec(text) ?? [];
    if (frame === undefined || comment === undefined) throw new InputError({ field: "frame=comment", message: `"${text}" names no frame and what is wrong with it`, whatToDo: "write it as 120='an ear is missing'" });
    return { frame: Number(frame), comment };
  });
  answer(await api.send<object>("POST", `${path(task)}/reject`, { comments }), () => `${comments.length === 1 ? "one frame goes" : `${comments.length} frames go`} back to the labelers`);
}

function overviewInWords({ status, frames, reviewed, prelabeled, tool, url, waiting, reopened }: Overview, api: string): string {
  const standing = status === "COMPLETED" ? "approved" : waiting ? "waits for approval" : "not asked for yet";
  return [`${reviewed} of ${frames} frames are reviewed, ${prelabeled} more have suggestions: ${standing}`, `  ${tool}: ${new URL(url, api).href}`, ...(reopened ? ["  labels that were approved are open again: a new round takes them up"] : [])].join("\n");
}
