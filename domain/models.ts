import type { Precision } from "./model-facts.ts";
import type { ParityCheck } from "./steps.ts";

/** The model registry: what lies beside each model of models/{name}/ (domain/layout), and how it changes which version answers. */

/** The model that begins the labels of every new video, where there is one. */
export const GLOBAL_MODEL = "global";

/** A name becomes a folder of the model repository: nothing that could lead out of it. */
export const MODEL_NAME_PATTERN = "^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$";
export const isModelName = (name: string): boolean => new RegExp(MODEL_NAME_PATTERN).test(name);

/** model.json beside each version's model.onnx. Files that were put there by hand have none, or only a few of these. */
export interface ModelCard {
  name: string;
  version: number;
  /** Only `deployed` versions serve. `refused`: it cannot serve or does not agree with what it was exported from, and its model.onnx is gone. */
  status: "deploying" | "deployed" | "refused";
  deployment_id: string;
  /** ISO 8601, UTC. */
  created_at: string;
  /** null until it serves. */
  deployed_at: string | null;
  /** Where it was deployed: `onnx://{name}/{version}` or an URL. */
  endpoint: string | null;
  /** The user whose model it is; null: not known. */
  owner: string | null;
  sha256: string;
  bytes: number;
  /** Read from the file: */
  task: "detect" | "pose";
  classes: string[];
  keypoints: string[];
  /** Height, width. */
  imgsz: [number, number];
  precision?: Precision;
  opset: number;
  inputs: TensorFacts[];
  outputs: TensorFacts[];
  /** What was compared before it served; empty where there was nothing to compare with. `reference`: key of the reference predictions. */
  parity: { reference: string | null; checks: ParityCheck[] };
  /** What it was made from: task, round, labels, dataset, training, or the file that a user brought. */
  lineage: Record<string, unknown>;
  /** Where it was refused: why. */
  reason?: string;
}

export interface TensorFacts {
  name: string;
  type: string;
  /** null: any size. */
  shape: (number | null)[];
}

/** models/{name}/serving.json: which version answers where none is named. */
export interface ServingPointer {
  version: number;
  /** Versions that answered before it and still could, the newest first: where a rollback leads. */
  before: number[];
  /** The newest version that ever answered: a deployment that is tried again does not undo a rollback. */
  newest: number;
  /** Of a rollback: the version that answered until then. Whoever asked for it a moment before still gets its answer. */
  left?: number;
  /** ISO 8601, UTC; null where nobody ever changed it. */
  changed_at: string | null;
  by: string | null;
  why: string | null;
  /** The deployment_id, or the run_id of a rollback: the same change tried again changes nothing more. */
  change_id: string | null;
}

export type PointerChange = Pick<ServingPointer, "changed_at" | "by" | "why" | "change_id">;

/** Without serving.json: the newest of the versions that are there. */
export function pointerWithout(deployed: number[]): ServingPointer | null {
  const [version, ...before] = deployed.toSorted((a, b) => b - a);
  return version === undefined ? null : { version, before, newest: version, changed_at: null, by: null, why: null, change_id: null };
}

/** A version that has been deployed answers from now on, unless it did before or a newer one does. */
export function pointerTo(pointer: ServingPointer | null, version: number, change: PointerChange): ServingPointer {
  if (pointer === null) return { version, before: [], newest: version, ...change };
  if (version <= pointer.newest) return pointer;
  return { version, before: [pointer.version, ...pointer.before].filter((other) => other !== version), newest: version, ...change };
}

/**
 * Another version that is there answers again: the one before, or the one that is named. null where there is none.
 * Named ones that are not among those before (a later one after a rollback) keep the present one as the one before.
 */
export function pointerBack(pointer: ServingPointer, deployed: number[], change: PointerChange, named?: number): ServingPointer | null {
  const there = pointer.before.filter((version) => deployed.includes(version));
  const version = named ?? there[0];
  if (version === undefined || !deployed.includes(version)) return null;
  if (version === pointer.version) return pointer;
  const at = there.indexOf(version);
  const before = at >= 0 ? there.slice(at + 1) : [pointer.version, ...there];
  return { version, before, newest: Math.max(pointer.newest, version), left: pointer.version, ...change };
}
