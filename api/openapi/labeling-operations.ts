import type { Operation } from "./operations.ts";
import { AT, RUN, SHA256, TASK, labeledObject, runAnswers } from "./samples.ts";

const frame = { frame: 120, time: 4, image_key: `frames/${TASK}/00000120.jpg`, width: 1280, height: 720, status: "reviewed", version: 2, updated_by: "lea", updated_at: AT, objects: [labeledObject] };

export const LABELING_OPERATIONS: Record<string, Operation> = {
  "POST /labeling": {
    id: "labelFolder",
    description: "The frames of a folder are labeled, reviewed and approved as in a task: on the page, or in another labeling tool, under the run_id. Nothing is trained; the result names the snapshot of the approved labels.",
    body: { folder_path: `frames/${TASK}/`, task_id: TASK, user_id: "ada" },
    answers: runAnswers({ holds: true, snapshotKey: `labels/${RUN}/snapshot-9e86e3514d8a559e.json`, sha256: SHA256, approvedBy: "lea", frames: 60, leftOut: 0, objects: 171 }),
    links: ["getLabeling", "getStatus", "cancelTask"],
  },
  "GET /labeling/{task_id}": {
    id: "getLabeling",
    description: "How far labeling is, in our own page or another tool, and where people label. `waiting`: it can be approved. `reopened`: approved labels were opened again.",
    answers: { 200: { task_id: TASK, round: 1, status: "IN_PROGRESS", frames: 60, reviewed: 42, prelabeled: 18, objects: 171, done: 0.7, title: `default - ${TASK}`, tool: "builtin", url: `/label/${TASK}`, waiting: true, reopened: false } },
  },
  "GET /labeling/{task_id}/frames": {
    id: "listFrames",
    description: "Every frame that is to be labeled, how it stands, and what may be drawn in it: classes, keypoints, skeleton.",
    answers: { 200: { task_id: TASK, round: 1, title: `default - ${TASK}`, classes: ["mouse"], keypoints: ["nose", "left ear", "right ear"], skeleton: [[0, 1], [0, 2]], num_animals: 3, reviewer_not_labeler: false, waiting: true, frames: [{ frame: 120, time: 4, status: "reviewed", version: 2, objects: 1, updated_by: "lea" }] } },
  },
  "GET /labeling/{task_id}/frames/{frame}": { id: "getFrame", description: "Boxes are x1, y1, x2, y2 and keypoints x, y, v in pixels of the upright frame, origin top left; v: 0 absent, 1 occluded, 2 visible.", answers: { 200: frame } },
  "PUT /labeling/{task_id}/frames/{frame}": {
    id: "saveFrame",
    description: "Saved as version + 1. An edit names the version that it is based on: who comes second gets 409 with what holds now, and overwrites nothing. Only reviewed frames train.",
    body: { version: 1, reviewed: true, objects: [labeledObject] },
    answers: { 200: frame },
  },
  "GET /labeling/{task_id}/frames/{frame}/image": { id: "getFrameImage", description: "A JPEG of the upright frame, as it is or smaller." },
  "PUT /labeling/{task_id}/presence": {
    id: "savePresence",
    description: "A page says every few seconds that it is open, and is told which others are: two people on one task see that they are.",
    body: { client: "page-1", frame: 120 },
    answers: { 200: { people: [{ user_id: "lea", client: "page-2", frame: 130 }], edits: 61, waiting: true } },
  },
  "POST /labeling/{task_id}/approve": {
    id: "approveLabels",
    description: "Writes an unchangeable snapshot of the reviewed frames, then tells the task: edits after that have no effect on this training. In another labeling tool: what it holds is read back. Every frame must be reviewed, unless `allow_partial`.",
    body: { allow_partial: true },
    bodyOptional: true,
    answers: { 202: { snapshot_key: `labels/${TASK}/snapshot-9e86e3514d8a559e.json`, sha256: SHA256, frames: 42, left_out: [120, 130] } },
  },
  "POST /labeling/{task_id}/reject": { id: "rejectLabels", description: "The frames are open again, each with its comment, and the task goes on waiting.", body: { comments: [{ frame: 120, comment: "the tail is missing" }] }, answers: { 202: {} } },
  "POST /labeling/{task_id}/sync": { id: "syncLabels", description: "For a task that is labeled in another tool whose webhook did not come. The timeline says what comes of it.", answers: { 202: { claim_id: "sync-mwuz1ab0c1d2" } } },
  "POST /labeling/{task_id}/rounds": { id: "openRound", description: "The labels of the round before are the start. It is trained anew, deployed as the next version, and has results of its own; nothing of earlier rounds changes.", answers: { 201: { task_id: TASK, round: 2, before: 1, status_url: `/status/${TASK}` } } },
};
