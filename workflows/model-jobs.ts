import type { DeployJob, ImportJob, RollBackJob } from "../domain/runs.ts";
import { oneAtATime } from "./model-change.ts";
import { run } from "./policy.ts";
import type { Task } from "./task.ts";

/** What single steps do with models. What they return is shown as the step's result. */

type Result = Record<string, unknown>;

export async function deploy(task: Task, { do: _job, ...job }: DeployJob): Promise<Result> {
  const deploymentId = task.state.task_id;
  task.emit("model.deployment.requested", { model_path: job.onnxKey, deployment_id: deploymentId, status: "requested", endpoint: "" });
  const deployed = await oneAtATime(job.name, "deployModel", { ...task.input, by: task.state.settings.user_id, ...job, deploymentId });
  task.emit("model.deployed", { deployment_id: deploymentId, status: "completed", endpoint: deployed.endpoint });
  return { ...deployed };
}

/** A user's file: into storage; a .pt is exported to ONNX and compared with it; then it is deployed like any other. */
export async function importModel(task: Task, { name, file, imgsz, framesOf, names, by, lineage }: ImportJob): Promise<Result> {
  const received = "path" in file ? await run.receiveModel({ ...task.input, path: file.path }) : null;
  const origin = received === null ? lineage : { ...lineage, file_sha256: received.sha256, file_bytes: received.bytes };
  const given = { name, ...(framesOf === undefined ? {} : { framesOf }), ...(names === undefined ? {} : { names }), ...(by === undefined ? {} : { by }) };
  if (received?.kind === "onnx") return await deploy(task, { do: "deploy", ...given, onnxKey: received.key, sha256: received.sha256, lineage: origin });
  const modelKey = "key" in file ? file.key : received!.key;
  const { onnxKey, sha256, referenceKey, parity, imgsz: exportedAt } = await run.exportImported({ ...task.input, modelKey, ...(imgsz === undefined ? {} : { imgsz }), ...(framesOf === undefined ? {} : { framesOf }) });
  return await deploy(task, { do: "deploy", ...given, onnxKey, sha256, referenceKey, lineage: { ...origin, imgsz: exportedAt, parity } });
}

export async function rollBack(task: Task, { name, version, why }: RollBackJob): Promise<Result> {
  const by = task.state.settings.user_id;
  const back = await oneAtATime(name, "rollBackModel", { ...task.input, name, by, ...(version === undefined ? {} : { version }), ...(why === undefined ? {} : { why }) });
  task.emit("model.rolled_back", { model: `${back.model.name}@${back.model.version}`, by, endpoint: back.endpoint });
  return { ...back };
}
