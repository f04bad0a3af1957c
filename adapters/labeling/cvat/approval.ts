import { InputError } from "../../../domain/errors.ts";
import type { FrameLabels } from "../../../domain/labels.ts";
import type { CvatClient } from "./client.ts";
import { jobLink, type Look, type Reader } from "./reader.ts";
import type { Of } from "./record.ts";
import { isAccepted, type CvatJob } from "./wire.ts";

const TRIES = 5;
const SHOWN = 5;

/** Reads the jobs, their labels, and the jobs again: what comes back is what was accepted at one moment. */
export function createApproval({ client, reader }: { client: CvatClient; reader: Reader }) {
  const list = (jobs: CvatJob[]): string => jobs.slice(0, SHOWN).map((job) => `${jobLink(client, job)} (${job.stage}, ${job.state})`).join(", ") + (jobs.length > SHOWN ? ` and ${jobs.length - SHOWN} more` : "");

  return async ({ allowPartial, ...of }: Of & { allowPartial: boolean }): Promise<{ frames: FrameLabels[]; approvedBy: string }> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const look = await reader.look(of);
      check(look, allowPartial || look.task.allow_partial);
      const accepted = look.jobs.filter(isAccepted);
      const frames = await reader.framesOf(look, accepted);
      if (fingerprint(await reader.jobsOf(look.task.cvat.task_id)) === fingerprint(look.jobs)) return { frames, approvedBy: approvers(accepted) };
    }
    throw new InputError({ field: "frames", message: "The labels change in CVAT while they are being approved.", whatToDo: "Ask the labelers to pause, and accept a job again.", status: 409 });
  };

  function check({ task, jobs, deleted }: Look, allowPartial: boolean): void {
    const open = jobs.filter((job) => !isAccepted(job));
    const refuse = (field: string, message: string, whatToDo: string, status: 409 | 422): never => {
      throw new InputError({ field, message, whatToDo, status });
    };
    if (task.reviewer_not_labeler) refuse("labeling.reviewer_not_labeler", ...UNKNOWN_LABELER, 422);
    if (open.length === jobs.length) refuse("jobs", "No job is accepted in CVAT.", `A reviewer sets a job's stage to acceptance and its state to completed. They are: ${list(jobs)}.`, 409);
    if (allowPartial) return;
    if (open.length > 0) refuse("jobs", `${open.length} of ${jobs.length} jobs are not accepted in CVAT.`, `A reviewer sets their stage to acceptance and their state to completed, or approve with allow_partial to leave them out: ${list(open)}.`, 409);
    if (deleted.length > 0) refuse("frames", `${deleted.length} frames were deleted in CVAT: ${deleted.slice(0, SHOWN).join(", ")}${deleted.length > SHOWN ? " and more" : ""}.`, "Restore them in CVAT, or approve with allow_partial to leave them out.", 409);
  }

}

/** Message, and what to do. */
export const UNKNOWN_LABELER = ["CVAT does not tell who labeled and who accepted, and labeling.reviewer_not_labeler asks for that.", "Set labeling.reviewer_not_labeler to false, or label on the built-in page."] as const;

const fingerprint = (jobs: CvatJob[]): string => jobs.map(({ id, stage, state, updated_date: date }) => `${id} ${stage} ${state} ${date}`).join("\n");

/** The API does not tell who accepted a job: it is whoever the job was assigned to then. */
function approvers(jobs: CvatJob[]): string {
  const names = new Set(jobs.flatMap(({ assignee }) => (assignee === null ? [] : [assignee.username])));
  return names.size === 0 ? "CVAT" : [...names].toSorted().join(", ");
}
