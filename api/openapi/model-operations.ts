import type { Operation } from "./operations.ts";
import { AT, LATER, RUN, SHA256, TASK, runAnswers } from "./samples.ts";

const links = ["getStatus", "cancelTask"];
const deployed = { model: { name: "global", version: 4 }, endpoint: "onnx://global/4", parity: [] };
const row = {
  name: "global",
  kind: "global",
  served_version: 4,
  versions: [3, 4],
  before: [3],
  refused: [],
  task: "pose",
  classes: ["mouse"],
  keypoints: ["nose", "left ear", "right ear"],
  endpoint: "onnx://global/4",
  metrics: { box_map50: 0.94 },
  deployed_at: AT,
  owner: "root",
  lineage: { promoted_from: `${TASK}@1` },
};

export const MODEL_OPERATIONS: Record<string, Operation> = {
  "POST /training": {
    id: "train",
    description: "From the approved labels of tasks, from a dataset in YOLO's format, or from an earlier training's. Answers 202 with where to look; with `Prefer: wait=30` 200 with the result, if it is done by then.",
    body: { data_path: [TASK], mode_train_info: { epochs: 40, augment: { flip: false } } },
    answers: runAnswers({ modelKey: `train_log/${RUN}/model.pt`, epochs: 40, metrics: { box_map50: 0.94 } }),
    links: [...links, "getTraining"],
  },
  "GET /training/{task_id}": {
    id: "getTraining",
    description: "Of a task's pipeline, or of a training on its own by its run_id.",
    answers: {
      200: {
        task_id: TASK,
        run_id: null,
        status: "running",
        current_epoch: 2,
        total: 60,
        metrics: { box_map50: 0.5 },
        seconds_left: 340,
        figures: { box_loss: 1.5, images_per_s: 40 },
        message: "epoch 3 of 60",
        curve: [{ epoch: 0, box_loss: 3, box_map50: 0 }, { epoch: 1, box_loss: 2, box_map50: 0.5 }],
        notes: [],
        model_path: null,
        report_url: null,
        reason: null,
        what_to_do: null,
      },
    },
  },
  "GET /training/{task_id}/report": { id: "getTrainingReport", description: "A page of its own that loads nothing from elsewhere. 404 until training is done." },
  "POST /deployments": {
    id: "deploy",
    description: "It answers only after it found the same as the model that it was exported from; else the version before goes on.",
    body: { task_id: TASK, model_path: `train_log/${TASK}/model.onnx` },
    answers: runAnswers({ ...deployed, model: { name: TASK, version: 2 }, endpoint: `onnx://${TASK}/2` }),
    links: [...links, "getDeployment"],
  },
  "GET /deployments/{deployment_id}": { id: "getDeployment", description: "The id is the run_id of `POST /deployments`, or a task's own deployment_id, which its timeline names.", answers: { 200: { deployment_id: RUN, task_id: TASK, status: "completed", model: { name: TASK, version: 1 }, endpoint: `onnx://${TASK}/1`, parity: [], reason: null, what_to_do: null, started_at: AT, ended_at: LATER } } },
  "GET /models": { id: "listModels", description: "The global one first, then named ones, then those of your tasks, the newest first.", answers: { 200: { models: [row] } } },
  "POST /models": {
    id: "importModel",
    description: "An Ultralytics .pt or an exported .onnx, from an allowed folder or by its key in storage. What cannot serve is refused, and says why.",
    body: { file_path: "/models/mice.onnx", name: "lab-mice", classes: ["mouse"] },
    answers: runAnswers({ ...deployed, model: { name: "lab-mice", version: 1 }, endpoint: "onnx://lab-mice/1" }),
    links,
  },
  "GET /models/{name}": { id: "getModel", description: "With the card of every version: shapes, opset, sha256, what was compared before it served, and what it was made from.", answers: { 200: { ...row, changed_at: LATER, changed_by: "root", changed_why: null, cards: [{ version: 4, status: "deployed", metrics: { box_map50: 0.94 }, opset: 17, sha256: SHA256 }] } } },
  "POST /models/{name}/promote": { id: "promoteModel", description: "New videos begin with what the global model finds. Only admins change that one; a name of your own is free.", body: { to: "lab-mice", version: 1 }, answers: runAnswers({ ...deployed, model: { name: "lab-mice", version: 2 }, endpoint: "onnx://lab-mice/2" }), links },
  "POST /models/{name}/rollback": { id: "rollBackModel", description: "The version before answers again, or the one that is named. Nothing is lost: it can be rolled forward the same way.", body: { version: 3, why: "misses the white mouse" }, answers: runAnswers({ ...deployed, model: { name: "global", version: 3 }, endpoint: "onnx://global/3" }), links },
  "POST /models/{name}/inference": {
    id: "infer",
    description: "A task's model, the global one or a named one. A single step with results of its own: `/tasks/{run_id}/results`.",
    body: { data_path: "/videos/cage8.mp4", confidence: 0.3, num_animals: 3, outputs: ["json", "csv"] },
    answers: runAnswers({ frames: 1200, ids: 3 }),
    links: [...links, "getResults"],
  },
};
