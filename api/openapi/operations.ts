import { LABELING_OPERATIONS } from "./labeling-operations.ts";
import { MODEL_OPERATIONS } from "./model-operations.ts";
import { TASK_OPERATIONS } from "./task-operations.ts";
import { VIDEO_OPERATIONS } from "./video-operations.ts";

/** What the OpenAPI document says of an operation, besides what its route's schema says. */
export interface Operation {
  /** operationId: how generated clients call it. */
  id: string;
  /** For people: what happens, and what to know before. */
  description: string;
  /** An example of the body. */
  body?: unknown;
  /** It can be left out. */
  bodyOptional?: true;
  /** An example of what is answered, by status. */
  answers?: Record<number, unknown>;
  /** Operations that take the task_id (or run_id) of the answer. */
  links?: string[];
}

/** By method and address, as in `POST /tasks/`. A route without an entry fails a test. */
export const OPERATIONS: Record<string, Operation> = { ...TASK_OPERATIONS, ...VIDEO_OPERATIONS, ...LABELING_OPERATIONS, ...MODEL_OPERATIONS };
