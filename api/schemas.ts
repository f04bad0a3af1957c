import { Type } from "typebox";
import { ID_PATTERN } from "../domain/ids.ts";
import { LabeledObject } from "../domain/labels.ts";
import { RUN_KINDS } from "../domain/runs.ts";
import { STEPS } from "../domain/task.ts";

/** What goes over the wire, besides the schemas of domain/: the OpenAPI document is made of these. */

export const TaskParams = Type.Object({ task_id: Type.String({ pattern: ID_PATTERN, description: "12 lower-case letters and digits." }) });
export const FrameParams = Type.Object({ ...TaskParams.properties, frame: Type.Integer({ minimum: 0, maximum: 99_999_999, description: "Index of the frame in the video, in presentation order." }) });
export const FileParams = Type.Object({ ...TaskParams.properties, name: Type.String({ minLength: 1, maxLength: 100 }) });

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
const moment = { description: "ISO 8601, UTC" };

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    field: Type.Optional(Type.String({ description: "What was wrong: a setting, a frame, a header." })),
    what_to_do: Type.String(),
    sign_in_url: Type.Optional(Type.String({ description: "Of a 401: where a browser signs in at the identity provider." })),
  },
  { description: "RFC 9457 problem details" },
);

export const TASK_STATUS = ["running", "waiting", "parked", "completed", "failed", "cancelled"] as const;

export const ProgressSchema = Type.Object({
  done: Type.Number(),
  total: nullable(Type.Number()),
  unit: Type.String(),
  message: Type.Optional(Type.String()),
  figures: Type.Optional(Type.Record(Type.String(), Type.Number())),
});

export const Timeline = Type.Array(Type.Object({ event: Type.String(), at: Type.String(moment), seq: Type.Optional(Type.Integer()), data: Type.Record(Type.String(), Type.Unknown()) }));

export const StatusAnswer = Type.Object({
  task_id: Type.String(),
  status: Type.Enum(TASK_STATUS),
  user_id: Type.String(),
  project: Type.String(),
  round: Type.Integer(),
  created_at: Type.String(moment),
  ended_at: nullable(Type.String(moment)),
  deleted_at: Type.Optional(Type.String({ description: "Its data were deleted on request: nothing but this record is left." })),
  waiting_for: nullable(Type.String()),
  steps: Type.Array(
    Type.Object({
      name: Type.Enum(STEPS),
      status: Type.Enum(["pending", "skipped", ...TASK_STATUS]),
      started_at: nullable(Type.String(moment)),
      ended_at: nullable(Type.String(moment)),
      progress: nullable(ProgressSchema),
      reason: nullable(Type.String()),
      what_to_do: nullable(Type.String()),
      result: nullable(Type.Record(Type.String(), Type.Unknown())),
    }),
  ),
  rounds: Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()), { description: "How earlier rounds ended." })),
  run: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: "Of a single step that runs on its own: its kind, the task that it is for, what it does." })),
  settings: Type.Record(Type.String(), Type.Unknown(), { description: "As in POST /tasks/, with every default." }),
  timeline: Timeline,
  answered_by: Type.Enum(["workflow", "temporal", "record"]),
});

export const TaskRow = Type.Object({
  task_id: Type.String({ description: "Of a single step that runs on its own: its run_id." }),
  run: nullable(Type.Enum(RUN_KINDS, { description: "Which single step it is; null: a task." })),
  user_id: Type.String(),
  project: Type.String(),
  status: Type.Enum(TASK_STATUS),
  waiting_for: nullable(Type.String()),
  created_at: Type.String(moment),
  ended_at: nullable(Type.String(moment)),
  step: nullable(Type.Enum(STEPS)),
});

export const FrameLabelsSchema = Type.Object({
  frame: Type.Integer(),
  time: Type.Number({ description: "Seconds after the first frame's presentation time." }),
  image_key: Type.String(),
  width: Type.Integer(),
  height: Type.Integer(),
  status: Type.Enum(["unlabeled", "prelabeled", "reviewed"]),
  version: Type.Integer(),
  updated_by: nullable(Type.String()),
  updated_at: nullable(Type.String(moment)),
  objects: Type.Array(LabeledObject),
  comment: Type.Optional(Type.String()),
});

export const FrameEdit = Type.Object(
  {
    version: Type.Integer({ minimum: 0, description: "The version that this edit is based on." }),
    reviewed: Type.Boolean(),
    objects: Type.Array(LabeledObject, { maxItems: 2000 }),
  },
  { additionalProperties: false },
);

export const Comment = Type.Object({ frame: Type.Integer({ minimum: 0 }), comment: Type.String({ minLength: 1, maxLength: 2000 }) }, { additionalProperties: false });

/** A claim was sent to a task that is labeled in a tool of others. */
export const Claimed = Type.Object({ claim_id: Type.String({ description: "The task now reads the labeling tool back; its timeline says what comes of it." }) });

export const ModelRow = Type.Object({
  name: Type.String(),
  kind: Type.Enum(["global", "task", "named"], { description: "global: for everybody's next video; task: a task's own, by its id; named: by a name that a person gave." }),
  served_version: nullable(Type.Integer({ description: "The version that answers where none is named; null: none can." })),
  versions: Type.Array(Type.Integer(), { description: "Those that can answer." }),
  before: Type.Array(Type.Integer(), { description: "Versions that answered before, the newest first: where a rollback leads." }),
  refused: Type.Array(Type.Integer(), { description: "Those that could not serve, or did not find the same as what they were exported from." }),
  task: nullable(Type.Enum(["detect", "pose"])),
  classes: Type.Array(Type.String()),
  keypoints: Type.Array(Type.String()),
  endpoint: nullable(Type.String({ description: "onnx://{name}/{version}: the ONNX Runtime in the workers; else an URL." })),
  metrics: Type.Record(Type.String(), Type.Number(), { description: "Of its training." }),
  deployed_at: nullable(Type.String(moment)),
  owner: nullable(Type.String()),
  lineage: Type.Record(Type.String(), Type.Unknown(), { description: "What it was made from: task, round, labels, dataset, training, or the file that a user brought." }),
});

export const ModelDetail = Type.Object({
  ...ModelRow.properties,
  changed_at: nullable(Type.String(moment)),
  changed_by: nullable(Type.String()),
  changed_why: nullable(Type.String()),
  cards: Type.Array(Type.Intersect([Type.Object({ version: Type.Integer(), status: Type.Enum(["deploying", "deployed", "refused"]), metrics: Type.Record(Type.String(), Type.Number()) }), Type.Record(Type.String(), Type.Unknown())]), { description: "model.json of every version, the newest first: shapes, opset, sha256, parity, lineage." }),
});

/** `200: schema` and so on, and the problems that a route may answer with. */
export function answers<R extends Record<number, object>>(good: R, ...problems: number[]): R {
  const bad = [...new Set([...problems, 429, 500])].map((status) => [status, { description: "problem", content: { "application/problem+json": { schema: ProblemSchema } } }]);
  return { ...good, ...Object.fromEntries(bad) } as R;
}

/** A file as an answer. */
export const file = (...types: string[]) => ({ description: "the file", content: Object.fromEntries(types.map((type) => [type, { schema: type.endsWith("json") ? {} : { type: "string", format: "binary" } }])) });
