/** What the examples of the OpenAPI document are about. */

export const TASK = "mwuy7ab0c1d2";
export const RUN = "mwuz1ab0c1d2";
export const AT = "2026-11-24T18:01:11.854Z";
export const LATER = "2026-11-24T18:20:09.120Z";
export const SHA256 = "9e86e3514d8a559e04aba891df99b8a8931a7014f475d1a56455f3b26b9f9cf5";

export const started = { task_id: RUN, run_id: RUN, status_url: `/status/${RUN}` };
export const done = (result: object) => ({ ...started, result });
/** What a single step that is waited for, and one that is not, answer. */
export const runAnswers = (result: object) => ({ 200: done(result), 202: started });

export const labeledObject = { id: "m1", class: "mouse", box: [412.5, 230, 498, 301.25], keypoints: [[420, 236, 2], [455, 262, 2], [0, 0, 0]], source: "person", confirmed: true };

/** An example for parameters of these names. */
export const PARAMETERS: Record<string, unknown> = {
  task_id: TASK,
  deployment_id: `${TASK}-1-9e86e3514d8a`,
  frame: 120,
  name: TASK,
  "idempotency-key": "cage-7",
  prefer: "wait=30",
  limit: 50,
  cursor: TASK,
  owner: "ada",
  project: "default",
  step: "training",
  state: "running",
  kind: "task",
  width: 184,
  round: 1,
  last_event_id: "1.12",
};
