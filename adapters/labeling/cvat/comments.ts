import type { CvatClient } from "./client.ts";
import type { CvatComment, CvatIssue } from "./wire.ts";

/** CVAT shows the owner of our token as the author: who really wrote it stands below. */
const signed = (comment: string, by: string): string => `${comment}\n— ${by} (Actverse)`;
const SIGNATURE = /\n— [^\n]* \(Actverse\)$/;

/** What every open issue of a task says, by the frame's index. */
export async function openComments(client: CvatClient, cvatTaskId: number): Promise<Map<number, string>> {
  const issues = (await client.all<CvatIssue>("/api/issues", { task_id: cvatTaskId })).filter(({ resolved }) => !resolved);
  const lists = await Promise.all([...new Set(issues.map(({ job }) => job))].map((job) => client.all<CvatComment>("/api/comments", { job_id: job })));
  const firstOf = new Map<number, CvatComment>();
  for (const comment of lists.flat()) if (comment.id < (firstOf.get(comment.issue)?.id ?? Number.POSITIVE_INFINITY)) firstOf.set(comment.issue, comment);
  const found = new Map<number, string>();
  for (const { id, frame } of issues.toSorted((a, b) => a.id - b.id)) {
    const text = firstOf.get(id)?.message.replace(SIGNATURE, "");
    if (text !== undefined) found.set(frame, found.has(frame) ? `${found.get(frame)!}\n${text}` : text);
  }
  return found;
}

/** Puts an issue on a frame, in its upper left corner. */
export async function addIssue(client: CvatClient, issue: { job: number; frame: number; comment: string; by: string }): Promise<void> {
  await client.send("POST", "/api/issues", { job: issue.job, frame: issue.frame, position: [0, 0, 20, 20], message: signed(issue.comment, issue.by) });
}
