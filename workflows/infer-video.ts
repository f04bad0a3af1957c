import { ApplicationFailure, CancellationScope, patched } from "@temporalio/workflow";
import type { ModelRef } from "../domain/detections.ts";
import type { ExportResultsOutput, JoinOutput, SegmentOutput } from "../domain/steps.ts";
import { run } from "./policy.ts";
import type { Task } from "./task.ts";

/**
 * The model over the whole video, of a pipeline and on its own: segments run side by side on as many workers as there are; one activity joins them.
 * `result`: shown as the step's.
 */
export async function inferVideo(task: Task, { model, modelPath, videoKey }: { model: ModelRef; modelPath: string; videoKey: string }): Promise<{ joined: JoinOutput; result: Record<string, unknown> }> {
  const { settings } = task.state;
  task.emit("inference.requested", { model_path: modelPath, inference_data_path: videoKey });
  const { plan, segments, frames: total } = await run.planInference({ ...task.input, model, inference: settings.inference });
  let done = 0;
  task.progress("inference", 0, total, "frames");
  // A scope of its own: when one segment fails for good, the others do not run on behind a parked task.
  const parts = await CancellationScope.cancellable(async () => {
    const segmentDone = async (work: Promise<SegmentOutput>): Promise<SegmentOutput> => {
      const part = await work;
      task.progress("inference", (done += part.frames), total, "frames");
      return part;
    };
    try {
      return await Promise.all(segments.map((segment) => segmentDone(run.inferSegment({ ...task.input, plan, segment, model, inference: settings.inference }))));
    } catch (error) {
      CancellationScope.current().cancel();
      throw error;
    }
  });
  const differing = parts.reduce((sum, part) => sum + part.differing, 0);
  const joined = await run.joinSegments({ ...task.input, plan, segments, model, differing, settings });
  const notes = joined.ids === 0 ? nothingFound(task, { model, plan, frames: joined.frames }) : [];
  task.emit("inference.completed", { result_json_path: joined.resultKey, status: "completed", ...(differing > 0 ? { frames_differing: differing } : {}) });
  return { joined, result: { ...joined, model, segments: segments.length, differing, ...(notes.length > 0 ? { notes } : {}) } };
}

/** A whole video without an animal is more often a model that does not fit than an empty arena: a person is asked, once for a model and its settings. Who retries without a change says that it is right so. */
function nothingFound(task: Task, { model, plan, frames }: { model: ModelRef; plan: string; frames: number }): string[] {
  // Tasks from before completed with empty results.
  if (!patched("nothing-found-parks")) return [];
  const found = `The model ${model.name}@${model.version} found no animal in ${frames} frames.`;
  if (task.isKnownEmpty(plan)) return [found];
  const details = [{ field: "inference.confidence", what_to_do: `retry with a lower inference.confidence than ${task.state.settings.inference.confidence}, or label more frames and train again; if there is no animal in the video, retry without a change` }];
  throw ApplicationFailure.create({ message: found, type: "InputError", nonRetryable: true, details });
}

/** The files that are asked for, of the joined results. */
export async function writeResults(task: Task): Promise<ExportResultsOutput[]> {
  const { settings } = task.state;
  const input = { ...task.input, settings };
  const wanted = new Set(settings.outputs);
  const written: ExportResultsOutput[] = [];
  // Tasks that wrote their results before there was a quality.json have none in their histories.
  if (patched("quality")) written.push(await run.assessQuality(input));
  if (wanted.has("csv") || wanted.has("notebook")) written.push(await run.exportCsv(input));
  if (wanted.has("dlc")) written.push(await run.exportDlc(input));
  if (wanted.has("via")) written.push(await run.exportViaTracks(input));
  if (wanted.has("parquet")) written.push(await run.exportParquet(input));
  if (wanted.has("labels")) written.push(...(await run.exportLabels(input)).files);
  if (wanted.has("notebook")) written.push(await run.writeNotebook(input));
  if (wanted.has("report")) written.push(await run.writeReport(input));
  if (wanted.has("video")) written.push(await run.annotateVideo(input));
  return written;
}
