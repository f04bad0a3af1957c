import type { DatasetOutput, ExportOutput, TrainOutput } from "../domain/steps.ts";
import { run } from "./policy.ts";
import type { Task } from "./task.ts";

/** Trains on a dataset and exports the model: of a pipeline and on its own. `result`: shown as the step's. */
export async function trainOn(task: Task, dataset: DatasetOutput): Promise<{ training: TrainOutput; exported: ExportOutput; result: Record<string, unknown> }> {
  const { settings } = task.state;
  task.emit("model.training.requested", { data_path: dataset.dataKey });
  const training = await run.trainModel({ ...task.input, dataset, settings });
  const exported = await run.exportModel({ ...task.input, modelKey: training.modelKey, dataKey: dataset.dataKey, imgsz: training.imgsz, ...(settings.training.int8 === true ? { int8: true } : {}) });
  task.emit("model.training.completed", { model_path: training.modelKey, status: "completed", metrics: training.metrics });
  return { training, exported, result: { ...training, ...(exported.notes === undefined ? {} : { notes: [...training.notes, ...exported.notes] }), dataset, onnx: exported } };
}
