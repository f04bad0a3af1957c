import { STATUS_CODES } from "node:http";
import { ProblemSchema } from "../schemas.ts";
import { OPERATIONS, type Operation } from "./operations.ts";
import { PARAMETERS } from "./samples.ts";

/** The parts of an OpenAPI 3.1 document that are touched here. */
interface Media { schema?: object; example?: unknown; examples?: unknown }
interface Answer { description: string; content?: Record<string, Media>; links?: object }
interface Described {
  operationId?: string;
  description?: string;
  parameters?: { name: string; example?: unknown }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
}
export interface Document {
  components?: { schemas?: Record<string, object> };
  paths: Record<string, Record<string, Described>>;
}

const PROBLEM = "application/problem+json";

/** What each status means here, and an example of the problem. */
const PROBLEMS: Record<string, { means: string; detail: string; field?: string; what_to_do: string }> = {
  400: { means: "The request cannot be understood, or a setting is wrong: `field` names it.", detail: "unknown setting training.epoch", field: "training.epoch", what_to_do: "did you mean training.epochs?" },
  401: { means: "No valid key, session, token or signature.", detail: "an API key is needed", field: "Authorization", what_to_do: "sign in, or send the header Authorization: Bearer KEY" },
  403: { means: "Not the caller's to do; a missing CSRF token; or a page of another origin.", detail: "the CSRF token is missing or not this session's", field: "x-csrf-token", what_to_do: "send the csrf_token of GET /session in the header x-csrf-token" },
  404: { means: "There is no such thing, or it is another user's: nobody is told which.", detail: "there is no task mwuy7ab0c1d2", field: "task_id", what_to_do: "GET /tasks/ lists the tasks there are" },
  409: { means: "Not now: it waits for something else, has ended, or somebody was first.", detail: "task mwuy7ab0c1d2 has ended (completed)", field: "task_id", what_to_do: "make a new task" },
  413: { means: "The body is too large.", detail: "Request body is too large", what_to_do: "send less: a body may have 1 MB" },
  415: { means: "The body is not JSON.", detail: "Unsupported Media Type", what_to_do: "send JSON, with the header Content-Type: application/json" },
  416: { means: "The file has no such range.", detail: "the file has 10 bytes", field: "Range", what_to_do: "ask for a range that it has" },
  422: { means: "Understood, but it cannot be: labels that are not reviewed, settings that do not fit, an Idempotency-Key with another body.", detail: "frames 10, 20 are not reviewed", field: "frames", what_to_do: "review them, or approve with allow_partial" },
  429: { means: "Too many requests.", detail: "Rate limit exceeded, retry in 1 minute", what_to_do: "wait a minute, then go on more slowly" },
  500: { means: "A fault of ours. The log has more, under the id that is named.", detail: "something went wrong on our side", what_to_do: "try again; if it stays, look for req-1 in the API's log" },
  503: { means: "Temporal does not answer. Nothing is lost.", detail: "Temporal does not answer", what_to_do: "try again in a moment; nothing is lost" },
};

/** Completes what @fastify/swagger made of the routes: descriptions, examples, links, and one schema for all problems. Changes the document. */
export function describeDocument<D extends object>(made: D): D {
  const document = made as unknown as Document;
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: ProblemSchema } };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, described] of Object.entries(item)) describeOperation(described, OPERATIONS[`${method.toUpperCase()} ${path}`]);
  }
  return made;
}

function describeOperation(described: Described, operation: Operation | undefined): void {
  for (const parameter of described.parameters ?? []) {
    if (PARAMETERS[parameter.name] !== undefined) parameter.example = PARAMETERS[parameter.name];
  }
  for (const [status, answer] of Object.entries(described.responses)) describeProblem(Number(status), answer);
  if (operation === undefined) return;
  const { id, description, body, bodyOptional, answers = {}, links = [] } = operation;
  described.operationId = id;
  described.description = description;
  // Bodies that are read as they come, because they are signed, have no schema of their own.
  if (body !== undefined) described.requestBody ??= { required: true, content: { "application/json": { schema: { type: "object" } } } };
  if (described.requestBody !== undefined) {
    described.requestBody.required = bodyOptional !== true;
    for (const media of Object.values(described.requestBody.content)) media.example = body;
  }
  for (const [status, example] of Object.entries(answers)) {
    const answer = described.responses[status];
    const [media] = Object.values(answer?.content ?? {});
    if (media !== undefined && example !== undefined) media.example = example;
    if (answer !== undefined && links.length > 0) answer.links = Object.fromEntries(links.map((target) => [target, linkTo(target, example)]));
  }
}

/** The answer's run_id, where it has one, else its task_id, under the name that the other operation has for it. */
function linkTo(operationId: string, example: unknown): object {
  const id = Object.hasOwn(Object(example) as object, "run_id") ? "run_id" : "task_id";
  return { operationId, parameters: { [operationId === "getDeployment" ? "deployment_id" : "task_id"]: `$response.body#/${id}` } };
}

function describeProblem(status: number, answer: Answer): void {
  const media = answer.content?.[PROBLEM];
  const known = PROBLEMS[status];
  if (media === undefined || known === undefined) return;
  const { means, ...problem } = known;
  if (answer.description === "problem") answer.description = means;
  // One schema for all, but for those that say more.
  if (JSON.stringify(media.schema) === JSON.stringify(ProblemSchema)) media.schema = { $ref: "#/components/schemas/Problem" };
  media.example = { type: "about:blank", title: STATUS_CODES[status], status, ...problem };
}
