import type { Activities } from "../activities/index.ts";
import type { ActivityName } from "../domain/activities.ts";
import type { ModelRef } from "../domain/detections.ts";
import { placeOf } from "../domain/file-name.ts";

const model = ({ name, version }: ModelRef): string => `${name} version ${version}`;

/** One line for each activity, shown beside it in Temporal's Web UI: what this call works on, so that nobody has to open its input. */
const SUMMARY: { [N in ActivityName]: (input: Parameters<Activities[N]>[0]) => string } = {
  downloadVideo: ({ filePath }) => placeOf(filePath),
  uploadResults: ({ destinations }) => destinations.map(({ path }) => path).join(", "),
  uploadFile: ({ from, to }) => `${from} to ${to}`,
  importFrames: ({ folder }) => folder,
  extractFrames: ({ numFrames }) => `${numFrames} frames to label`,
  preInfer: ({ prelabel }) => `pre-labels: ${prelabel}`,
  planInference: ({ model: ref }) => model(ref),
  inferSegment: ({ segment, model: ref }) => `frames ${segment.start} to ${segment.end - 1} with ${model(ref)}`,
  requestLabeling: ({ settings }) => `labeling in ${settings.labeling.tool}`,
  verifyApproval: ({ claim }) => `an approval, from ${claim.source}`,
  remindLabelers: ({ settings }) => `labels are waited for in ${settings.labeling.tool}`,
  openRound: ({ round, before }) => `round ${round}, from the labels of round ${before}`,
  buildDataset: ({ snapshotKey }) => `dataset of ${snapshotKey}`,
  importDataset: ({ data }) => (data.from === "tasks" ? `labels of ${data.snapshots.length} tasks` : data.from === "folder" ? data.path : data.key),
  trainModel: ({ dataset }) => `${dataset.train} frames to train on, ${dataset.val} to validate`,
  exportModel: ({ modelKey }) => `${modelKey} to ONNX`,
  exportImported: ({ modelKey }) => `${modelKey} to ONNX`,
  deployModel: ({ name, onnxKey }) => `${onnxKey} as ${name}`,
  rollBackModel: ({ name, version }) => `${name} to ${version === undefined ? "the version before" : `version ${version}`}`,
  receiveModel: ({ path }) => path,
  joinSegments: ({ segments }) => `${segments.length} segments: tracks and result.json`,
  assessQuality: () => "quality.json",
  exportCsv: () => "tracks.csv",
  exportDlc: () => "DeepLabCut's CSV",
  exportViaTracks: () => "VIA-tracks CSV",
  exportParquet: () => "tracks.parquet",
  exportLabels: () => "labels as COCO and YOLO",
  annotateVideo: () => "annotated.mp4",
  writeNotebook: () => "notebook.ipynb",
  writeReport: () => "report.html",
  writeRecord: ({ state }) => `the task's record: ${state.status}`,
};

/** The Web UI cuts longer ones. */
const MAX_CHARACTERS = 200;

export function summaryOf<N extends ActivityName>(name: N, input: Parameters<Activities[N]>[0]): string {
  return SUMMARY[name](input).slice(0, MAX_CHARACTERS);
}
