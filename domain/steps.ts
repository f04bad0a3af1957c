import type { FrameComment } from "./events.ts";
import type { ModelRef, Segment } from "./detections.ts";
import type { Account } from "./ledger.ts";
import type { Precision } from "./model-facts.ts";
import type { RoundOutcome, TaskState } from "./state.ts";
import type { TaskSettings } from "./task.ts";

/** What each activity takes and gives: one object in, one object out. Ids, keys, counts and settings; never bytes. */

export interface StepInput {
  taskId: string;
  /** From 1. */
  round: number;
}

// queue `video`
export interface DownloadInput extends StepInput { filePath: string }
export interface DownloadOutput { sourceKey: string; originalPath: string; browserKey: string; width: number; height: number; fps: number; numFrames: number; durationS: number; bytes: number; notes: string[] }
export interface UploadInput extends StepInput { destinations: TaskSettings["upload"] }
export interface UploadOutput { destinations: string[]; files: number; bytes: number }
/** `from`: an absolute path under an allowed root, or a key; `to`: a folder under an allowed root; `field`: what the user called it. `name`: default, the file's own. */
export interface UploadFileInput extends StepInput { from: string; to: string; field: string; name?: string }
export interface UploadFileOutput { path: string; bytes: number }

// queue `frames`
/** `folder`: an absolute path under an allowed root, or the key of a folder with a frames.json. */
export interface ImportFramesInput extends StepInput { folder: string }
export interface FramesInput extends StepInput { numFrames: number }
export interface FramesOutput { framesKey: string; numFrames: number; notes: string[] }

// queue `inference`
export interface PreinferenceInput extends StepInput { prelabel: string; classes: string[]; keypoints: string[]; numAnimals: number | null; inference: TaskSettings["inference"] }
export interface PreinferenceOutput { frames: number; objects: number; source: string; notes: string[] }
export interface PlanInput extends StepInput { model: ModelRef; inference: TaskSettings["inference"] }
/** `plan`: a short hash of all that the segments' content depends on. */
export interface PlanOutput { plan: string; segments: Segment[]; frames: number }
export interface SegmentInput extends StepInput { plan: string; segment: Segment; model: ModelRef; inference: TaskSettings["inference"] }
/** `differing`: frames on which decoder and packet index disagree, whether the stride leaves them out or not. */
export interface SegmentOutput { key: string; frames: number; detections: number; differing: number }
/** The segment's summary in storage; written before the ledger was, it has no account. */
export interface SegmentSummary extends SegmentOutput { account?: Account }

// queue `labeling`
export interface LabelingInput extends StepInput { settings: TaskSettings }
/** `url`: where people label; of our own page without its host where that is not known. */
export interface LabelingOutput { tool: string; title: string; url: string; frames: number; prelabeled: number }
/**
 * The signal's content (contract: Signals). `snapshot`: written by the API before it signalled; without one, what the tool holds is read back.
 * `round`: absent where a webhook does not tell; then it is about the current one. `allow_partial`: absent, as the task's settings say; false in a webhook. `by`: the person who approved on our page.
 */
export interface ApprovalClaim { claim_id: string; source: string; round?: number; snapshot?: { key: string; sha256: string }; allow_partial?: boolean; by?: string }
export interface VerifyInput extends StepInput { claim: ApprovalClaim; settings: TaskSettings }
export type VerifyOutput =
  | { holds: true; snapshotKey: string; sha256: string; approvedBy: string; frames: number; leftOut: number; objects: number }
  | { holds: false; reason: string };
/** The signal `labelingRejected`. */
export interface Rejection { claim_id: string; round?: number; comments: FrameComment[]; by: string }
/** The signal `labelingReopened`: in the tool, something that was approved is open again. */
export interface Reopening { claim_id: string; round?: number; source: string }
/** What a reminder says; `frames_left` is null where the tool does not answer. */
export interface ReminderOutput { to: string[]; title: string; url: string; frames: number | null; frames_left: number | null }
/** `before`: the round whose labels are the start. */
export interface OpenRoundInput extends StepInput { settings: TaskSettings; before: number }
export interface OpenRoundOutput { video: DownloadOutput; frames: FramesOutput; reviewed: number; objects: number; rounds: RoundOutcome[] }

// queue `training`
export interface DatasetInput extends StepInput { snapshotKey: string; sha256: string; settings: TaskSettings }
export interface DatasetOutput { dataKey: string; manifestKey: string; train: number; val: number; boxes: number; notes: string[] }
/** Approved labels of several tasks, or a dataset in YOLO's format: a folder or data.yaml on the workers' disk, or the key of a data.yaml. */
export type TrainingData =
  | { from: "tasks"; snapshots: { task_id: string; key: string; sha256: string }[] }
  | { from: "folder"; path: string }
  | { from: "storage"; key: string };
export interface ImportInput extends StepInput { data: TrainingData; settings: TaskSettings }
export interface TrainInput extends StepInput { dataset: DatasetOutput; settings: TaskSettings }
export interface TrainOutput { modelKey: string; resultsKey: string; epochs: number; bestEpoch: number; base: string; task: "detect" | "pose"; imgsz: number; metrics: Record<string, number>; notes: string[] }
/** `int8`: in 8 bit, where that is as good. */
export interface ExportInput extends StepInput { modelKey: string; dataKey: string; imgsz: number; int8?: boolean }
export interface Parity { images: number; objects: number; max_box_px: number; max_score: number; max_keypoint_px: number; unmatched: number }
/** `parity`: of the file under `onnxKey` with PyTorch. `notes`: what a person should know of it. */
export interface ExportOutput { onnxKey: string; sha256: string; parity: Parity; referenceKey?: string | null; precision?: Precision; notes?: string[] }
/** A user's .pt. `framesOf`: the task in whose frames it is tried; absent: in those of any. */
export interface ExportImportedInput extends StepInput { modelKey: string; imgsz?: number; framesOf?: string }
export interface ExportImportedOutput { onnxKey: string; sha256: string; parity: Parity; referenceKey: string; imgsz: number; task: "detect" | "pose" }

// queue `deployment`
/** One comparison before a deployment; the two sides are `pytorch`, `onnx` (the embedded ONNX Runtime) or `triton`. */
export interface ParityCheck extends Parity { ours: string; theirs: string }
/**
 * `sha256`: of the file under `onnxKey`, which must not be another one. `referenceKey`: of reference.json, what PyTorch found; null or absent: there is none, and the target is compared
 * with the embedded ONNX Runtime in frames of `framesOf` (a task; absent: of any). `names`: where the file has none. `by`: the user whose model it is.
 */
export interface DeployInput extends StepInput { name: string; onnxKey: string; sha256?: string; deploymentId: string; lineage: Record<string, unknown>; referenceKey?: string | null; framesOf?: string; names?: { classes?: string[]; keypoints?: string[] }; by?: string }
export interface DeployOutput { model: ModelRef; endpoint: string; parity?: ParityCheck[] }
/** `version`: the one that answers from now on; absent: the one before the present one. */
export interface RollBackInput extends StepInput { name: string; version?: number; by: string; why?: string }
export interface RollBackOutput { model: ModelRef; endpoint: string }
/** A file that a user brings: `path` under an allowed root. */
export interface ReceiveModelInput extends StepInput { path: string }
export interface ReceiveModelOutput { kind: "pt" | "onnx"; key: string; sha256: string; bytes: number }

// queue `results`
export interface JoinInput extends StepInput { plan: string; segments: Segment[]; model: ModelRef; differing: number; settings: TaskSettings }
export interface JoinOutput { resultKey: string; frames: number; ids: number; meanAnimals: number }
export interface ExportResultsInput extends StepInput { settings: TaskSettings }
/** `notes`: what a person should know of this output. */
export interface ExportResultsOutput { key: string; bytes: number; notes?: string[] }
export interface ExportLabelsOutput { files: ExportResultsOutput[] }

// queue `notify`
export interface RecordInput { state: TaskState }
export interface RecordOutput { key: string }
