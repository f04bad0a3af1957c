import { Type, type Static } from "typebox";
import { LABELING_TOOLS, type LabelingToolName } from "./labeling-tools.ts";
import { OUTPUTS } from "./outputs.ts";

/** Every setting of a task, once: the body of `POST /tasks/`, its defaults, and what `retry` may change. */

const closed = { additionalProperties: false } as const;
const name = Type.String({ minLength: 1, maxLength: 60, pattern: "^[^\\u0000-\\u001f\"',;<>/\\\\]+$" });

export const LabelingSettings = Type.Object(
  {
    tool: Type.Optional(Type.Enum(LABELING_TOOLS, { default: "builtin", description: "Where people label: our own page, or a tool that is set up here." })),
    allow_partial: Type.Optional(Type.Boolean({ default: false, description: "Approve although not every frame is reviewed; the rest is left out of training." })),
    reviewer_not_labeler: Type.Optional(Type.Boolean({ default: false, description: "Who approves must not have labeled." })),
    people: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100, pattern: "^[^\\u0000-\\u001f]+$" }), { maxItems: 100, uniqueItems: true, default: [], description: "User ids of those who may label and review this task, besides its owner and admins." })),
    remind_after: Type.Optional(Type.Integer({ minimum: 60, default: 86_400, description: "Seconds between reminders while labels are waited for." })),
  },
  closed,
);

/** Which changes of the picture a training makes up; those that are not named are made. */
const AugmentSwitches = Type.Object(
  {
    flip: Type.Optional(Type.Boolean({ default: true, description: "Mirror images; of poses only where flip_idx is known." })),
    rotate: Type.Optional(Type.Boolean({ default: true, description: "Turned: by quarters too where animals are seen from above." })),
    scale: Type.Optional(Type.Boolean({ default: true, description: "Larger and smaller." })),
    color: Type.Optional(Type.Boolean({ default: true, description: "Contrast, brightness, tint and noise." })),
  },
  closed,
);

export const TrainingSettings = Type.Object(
  {
    task: Type.Optional(Type.Union([Type.Literal("auto"), Type.Literal("detect"), Type.Literal("pose")], { default: "auto", description: "auto: pose where keypoints are named, else detect." })),
    base_model: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        pattern: "^([0-9A-Za-z][0-9A-Za-z._-]*|/[^\\u0000-\\u001f]+\\.pt)$",
        default: "auto",
        description: "auto: for scale n, s and m a pretrained base when one is there or can be downloaded, else from scratch; micro begins from scratch. Or `scratch`, an Ultralytics model's name, or the absolute path of a .pt file under an allowed root.",
      }),
    ),
    scale: Type.Optional(Type.Union([Type.Literal("auto"), Type.Literal("micro"), Type.Literal("n"), Type.Literal("s"), Type.Literal("m")], { default: "auto", description: "Size of the network; auto: micro on a CPU, n on a GPU." })),
    imgsz: Type.Optional(Type.Integer({ minimum: 64, maximum: 2048, multipleOf: 32, description: "Longer side of the network's input, pixels. Default: by device and animal size." })),
    epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, description: "Default: by device and number of frames." })),
    patience: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, description: "Stop after so many epochs without a better model." })),
    batch: Type.Optional(Type.Integer({ minimum: 1, maximum: 512, description: "Images a step, over all GPUs together. Halved where memory runs out." })),
    device: Type.Optional(Type.String({ pattern: "^(auto|cpu|mps|cuda|[0-9]{1,3}(,[0-9]{1,3})*)$", default: "auto", description: "auto, cpu, mps, cuda, or GPU numbers such as 0,1." })),
    int8: Type.Optional(Type.Boolean({ default: false, description: "Serve the model in 8 bit, which is quicker on a CPU, where it is as accurate on the validation frames; else as it was trained." })),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0 })),
    augment: Type.Optional(Type.Union([Type.Boolean(), AugmentSwitches], { default: true, description: "All, none, or switches: `{ flip, rotate, scale, color }`." })),
    time_limit: Type.Optional(Type.Integer({ minimum: 30, maximum: 2_592_000, description: "Seconds after which training ends with the best model so far." })),
  },
  closed,
);
export type TrainingSettings = Static<typeof TrainingSettings>;

export const InferenceSettings = Type.Object(
  {
    confidence: Type.Optional(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, default: 0.25 })),
    iou: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.7 })),
    batch_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 128, default: 8 })),
    frame_skip: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, default: 0, description: "Frames left out between two processed ones." })),
    max_frames: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { default: null, description: "Process at most so many frames." })),
  },
  closed,
);

export const AnnotateSettings = Type.Object(
  {
    trails: Type.Optional(Type.Boolean({ default: true, description: "Draw where each animal was in the last second into the annotated video." })),
  },
  closed,
);

export const TaskBody = Type.Object(
  {
    file_path: Type.String({ minLength: 1, maxLength: 4096, description: "A path under an allowed root, or an http(s) URL." }),
    user_id: Type.String({ minLength: 1, maxLength: 100, pattern: "^[^\\u0000-\\u001f]+$" }),
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100, pattern: "^[^\\u0000-\\u001f/\\\\]+$", default: "default" })),
    classes: Type.Optional(Type.Array(name, { minItems: 1, maxItems: 100, uniqueItems: true, default: ["animal"] })),
    keypoints: Type.Optional(Type.Array(name, { maxItems: 100, uniqueItems: true, default: [] })),
    skeleton: Type.Optional(Type.Array(Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 }), { maxItems: 500, description: "Pairs of keypoint numbers that are drawn as lines." })),
    flip_idx: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }), { description: "Which keypoint each one becomes in a mirror image." })),
    num_animals: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: "How many animals there are: never more ids than that." })),
    num_frames: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 60, description: "Frames to label." })),
    prelabel: Type.Optional(Type.String({ minLength: 1, maxLength: 100, default: "auto", description: "auto (the global model if there is one, else motion), motion, none, or a model's name." })),
    labeling: Type.Optional(LabelingSettings),
    training: Type.Optional(TrainingSettings),
    inference: Type.Optional(InferenceSettings),
    outputs: Type.Optional(Type.Array(Type.Enum(OUTPUTS), { uniqueItems: true, default: [...OUTPUTS] })),
    annotate: Type.Optional(AnnotateSettings),
    upload: Type.Optional(Type.Array(Type.Object({ path: Type.String({ minLength: 1, maxLength: 4096, description: "A folder under an allowed root." }) }, closed), { maxItems: 10, default: [] })),
  },
  closed,
);
export type TaskBody = Static<typeof TaskBody>;

/** The body with every default filled in: what the workflow runs with and what record.json keeps. */
export interface TaskSettings {
  file_path: string;
  user_id: string;
  project: string;
  classes: string[];
  keypoints: string[];
  skeleton: [number, number][];
  /** null: unknown, so no horizontal flips in training. */
  flip_idx: number[] | null;
  num_animals: number | null;
  num_frames: number;
  prelabel: string;
  labeling: { tool: LabelingToolName; allow_partial: boolean; reviewer_not_labeler: boolean; people?: string[]; remind_after: number };
  training: TrainingSettings;
  inference: { confidence: number; iou: number; batch_size: number; frame_skip: number; max_frames: number | null };
  outputs: (typeof OUTPUTS)[number][];
  /** Absent in tasks from before there were trails. */
  annotate?: { trails: boolean };
  upload: { path: string }[];
}

/** The steps of the pipeline in their order; also what `retry` names. */
export const STEPS = ["download", "frames", "preinference", "labeling", "training", "deployment", "inference", "results", "upload"] as const;
export type StepName = (typeof STEPS)[number];

/** What `retry` may change, as a part of the body. What is then done again is workflows/' business. */
export const RetryBody = Type.Object(
  {
    step: Type.Enum(STEPS),
    settings: Type.Optional(Type.Partial(Type.Omit(TaskBody, ["user_id", "project", "classes", "keypoints", "skeleton", "flip_idx"]), closed)),
  },
  closed,
);
export type RetryBody = Static<typeof RetryBody>;
