import type { FrameComment } from "../../../domain/events.ts";
import { InputError } from "../../../domain/errors.ts";
import type { CvatClient } from "./client.ts";
import { addIssue, openComments } from "./comments.ts";
import type { Reader } from "./reader.ts";
import type { Of } from "./record.ts";
import type { CvatJob } from "./wire.ts";

/** An issue with the comment on each frame, and its job goes back to the labelers. Twice is as once. */
export function createReject({ client, reader }: { client: CvatClient; reader: Reader }) {
  return async ({ comments, by, ...of }: Of & { comments: FrameComment[]; by: string }): Promise<void> => {
    const look = await reader.look(of);
    const placed = comments.map(({ frame, comment }) => ({ comment, ...placeOf(look.jobs.map((job) => ({ job, frames: look.inputOf(job).untouched })), frame) }));
    const open = await openComments(client, look.task.cvat.task_id);
    for (const { job, index, comment } of placed) {
      if (!(open.get(index) ?? "").includes(comment)) await addIssue(client, { job: job.id, frame: index, comment, by });
    }
    // Not "rejected": that is what a reviewer says in CVAT, and our own change would come back as a rejection.
    for (const job of new Set(placed.map((place) => place.job))) {
      if (job.stage !== "annotation" || job.state === "completed") await client.send("PATCH", `/api/jobs/${job.id}`, { stage: "annotation", state: "in progress" });
    }
  };
}

function placeOf(jobs: { job: CvatJob; frames: Map<number, { frame: number }> }[], number: number): { job: CvatJob; index: number } {
  for (const { job, frames } of jobs) {
    for (const [index, { frame }] of frames) if (frame === number) return { job, index };
  }
  throw new InputError({ field: "frame", message: `Frame ${number} is not among the frames to label.`, whatToDo: "Take a frame of the list of this labeling task.", status: 404 });
}
