import type { Operation } from "./operations.ts";
import { AT, LATER, TASK } from "./samples.ts";

const settings = { file_path: "/videos/cage7.mp4", user_id: "ada", project: "default", classes: ["mouse"], num_animals: 3, num_frames: 60 };
const step = { status: "pending", started_at: null, ended_at: null, progress: null, reason: null, what_to_do: null, result: null };
const session = { user_id: "ada", admin: false, authentication: "keys", csrf_token: "wXk2m3c0rVb1Jm0C6mC1O4w0cQ9kq7Yp2lq0cG6b3uE" };

export const TASK_OPERATIONS: Record<string, Operation> = {
  "GET /health": { id: "getHealth", description: "For load balancers and monitors; needs no key. `temporal` says whether the server that runs the tasks answers.", answers: { 200: { status: "ok", version: "0.1.0", temporal: "reachable" } } },
  "GET /session": { id: "getSession", description: "Who is signed in, by key or by cookie, and the CSRF token that changes by the cookie need.", answers: { 200: session } },
  "POST /session": { id: "signIn", description: "For browsers. Sets an HttpOnly cookie for seven days; it ends when the key is revoked. Each change by the cookie carries the header `x-csrf-token`.", body: { api_key: "av_Q2h1cyBpcyBhbiBleGFtcGxlLCBub3QgYSBrZXkuLi4" }, answers: { 200: session } },
  "DELETE /session": { id: "signOut", description: "Removes the session cookie. The key stays as it is." },

  "POST /tasks/": {
    id: "createTask",
    description: "Everything follows from here: download, frames to label, pre-labels, labeling, training, deployment, inference, results. The same request with the same `Idempotency-Key` is one task. Settings that do not exist are refused.",
    body: { file_path: "/videos/cage7.mp4", user_id: "ada", classes: ["mouse"], keypoints: ["nose", "left ear", "right ear"], num_animals: 3, num_frames: 60, training: { epochs: 60 }, outputs: ["json", "csv", "video"] },
    answers: { 201: { task_id: TASK, status_url: `/status/${TASK}`, labeling_url: `/label/${TASK}` } },
    links: ["getStatus", "getLabeling", "getResults", "cancelTask"],
  },
  "GET /tasks/": {
    id: "listTasks",
    description: "The newest first. Users see their own tasks and those that they may label, admins everybody's. Which tasks there are is kept in storage: a page costs the same however many there are. With filters a page may be short, or empty, and still have a next one.",
    answers: { 200: { next: TASK, tasks: [{ task_id: TASK, run: null, user_id: "ada", project: "default", status: "waiting", waiting_for: "labels and their approval", created_at: AT, ended_at: null, step: "labeling" }] } },
  },
  "GET /status/{task_id}": {
    id: "getStatus",
    description: "Of a task, or of a single step by its run_id. May be a second old: Temporal is asked about a task at most once a second, whoever asks. `answered_by` says whether the workflow itself answered, Temporal without a worker, or the record of a task that has ended.",
    answers: {
      200: {
        task_id: TASK,
        status: "running",
        user_id: "ada",
        project: "default",
        round: 1,
        created_at: AT,
        ended_at: null,
        waiting_for: null,
        steps: [
          { ...step, name: "labeling", status: "completed", started_at: AT, ended_at: LATER, result: { frames: 60 } },
          { ...step, name: "training", status: "running", started_at: LATER, progress: { done: 12, total: 60, unit: "epochs", message: "epoch 13 of 60", figures: { box_map50: 0.81, seconds_left: 340 } } },
          { ...step, name: "deployment" },
        ],
        settings,
        timeline: [{ event: "labeling.completed", at: LATER, seq: 7, data: { task_id: TASK, label_path: `labels/${TASK}/snapshot.json` } }],
        answered_by: "workflow",
      },
    },
  },
  "GET /tasks/{task_id}/events": {
    id: "watchTask",
    description: "Each line of the timeline comes under its name with an id; who comes back with it, as `Last-Event-ID` or `last_event_id`, gets what is newer. `progress`: what the running steps are at; `problem`: Temporal does not answer now; `end`: nothing more comes. With `Upgrade: websocket` the same come as JSON messages.",
    answers: { 200: { id: "1.7", event: "labeling.completed", data: `{"event":"labeling.completed","at":"${LATER}","seq":7,"data":{"task_id":"${TASK}"}}` } },
  },
  "POST /tasks/{task_id}/retry": { id: "retryTask", description: "A step that could not go on is parked, and says why and what to do. It goes on from there, or from an earlier step where the settings that are corrected say so.", body: { step: "training", settings: { training: { batch: 8 } } }, answers: { 202: {} } },
  "POST /tasks/{task_id}/cancel": { id: "cancelTask", description: "Of a task or a single step. It ends within seconds; its files stay.", answers: { 202: {} } },
  "DELETE /tasks/{task_id}": {
    id: "deleteTask",
    description: "Of a task or a single step that has ended: video, frames, labels, training, models under its own name, results. Its record and its request log stay, and so does what was promoted. Refused while it runs, and while others at work read what it has made. Interrupted, the same request finishes it.",
    answers: { 200: { task_id: TASK, deleted: 1284, deleted_at: LATER } },
  },
  "GET /tasks/{task_id}/timeline": { id: "getTimeline", description: "The events of the newest round, or of the one that `round` names.", answers: { 200: { task_id: TASK, round: 1, timeline: [{ event: "task.created", at: AT, seq: 0, data: { task_id: TASK, video_path: "/videos/cage7.mp4", user_id: "ada" } }] } } },
  "GET /tasks/{task_id}/requests": {
    id: "getRequests",
    description: "For its owner and admins. Repeats of a read that went well are one line with `times`. Of changes and refusals, and of reads, the newest 1000 lines each are kept.",
    answers: { 200: { requests: [{ id: "mwuy7kq0a1b2", at: LATER, user: "ada", method: "POST", path: `/labeling/${TASK}/approve`, status: 422, ms: 12, request_id: "req-4f", error: "frames 10, 20 are not reviewed" }], next: null } },
  },
  "GET /tasks/{task_id}/results": {
    id: "getResults",
    description: "Of the newest round, or of the one that `round` names. The list is empty until there are results.",
    answers: { 200: { files: [{ name: "result.json", bytes: 4_812_340, url: `/tasks/${TASK}/results/result.json` }, { name: "annotated.mp4", bytes: 18_220_114, url: `/tasks/${TASK}/results/annotated.mp4` }] } },
  },
  "GET /tasks/{task_id}/results/rows": {
    id: "listResultRows",
    description: "Without reading the whole file, however long it is: begin with a `frame` or a `time`, and go on with `next`.",
    answers: { 200: { rows: [{ frame: 250, timestamp: 8.333333, ids: ["0"], boxes: [[0.31, 0.4, 0.42, 0.61]], boxes_score: [0.93], keypoints: [[[0.33, 0.42]]], keypoints_score: [[0.97]], smoothed_keypoints: [[[0.331, 0.421]]], class_ids: [0] }], next: 251 } },
  },
  "GET /tasks/{task_id}/results/{name}": { id: "getResult", description: "Ranges work (`Range: bytes=0-1023`), so a video can be sought in and a broken download goes on.", answers: { 200: { metadata: { task_id: TASK, fps: 30 }, results: [{ frame: 0, timestamp: 0, ids: ["1"], boxes: [[0.31, 0.4, 0.42, 0.61]], boxes_score: [0.93], keypoints: [], keypoints_score: [] }] } } },

  "POST /webhooks/label-studio/{task_id}": { id: "receiveLabelStudioWebhook", description: "For Label Studio alone: the delivery carries the secret that was agreed on in the header `x-actverse-secret`. Repeats are harmless.", body: { action: "ANNOTATION_UPDATED", project: { id: 3, task_number: 60, finished_task_number: 60 } }, answers: { 200: { effect: "approved" } } },
  "POST /webhooks/cvat": { id: "receiveCvatWebhook", description: "For CVAT alone: the delivery is signed in the header `x-signature-256`. Repeats are harmless.", body: { event: "update:job", job: { id: 17, task_id: 9, stage: "acceptance", state: "completed" } }, answers: { 200: { effect: "approved" } } },
};

