import { Ajv, type ErrorObject } from "ajv";
import type { FastifyRequest, FastifySchemaCompiler } from "fastify";
import { InputError } from "../domain/errors.ts";

const common = { strict: false, removeAdditional: false, verbose: true } as const;
/** Bodies are taken as they are: domain/settings fills defaults, and a patch must not get any. */
const bodies = new Ajv(common);
/** The words of an address are all text. */
const addresses = new Ajv({ ...common, coerceTypes: true, useDefaults: true });

export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => (httpPart === "body" ? bodies : addresses).compile(schema);

/** `/skeleton/0/1` -> `skeleton[0][1]` */
const fieldOf = (path: string): string =>
  path.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~")).reduce((field, part) => (/^\d+$/.test(part) ? `${field}[${part}]` : field === "" ? part : `${field}.${part}`), "");

/** Says in plain words what is wrong with which field. `part`: body, params, querystring, headers. */
export function explainValidation(errors: ErrorObject[], part: string): InputError {
  // The error of a choice stands after those of its branches; a branch that got further than the kind of value says it better.
  const choice = errors.find(({ keyword }) => keyword === "anyOf");
  const deeper = choice === undefined ? undefined : errors.find(({ keyword, instancePath }) => keyword === "additionalProperties" || instancePath.length > choice.instancePath.length);
  const error = deeper ?? choice ?? errors[0]!;
  const at = fieldOf(error.instancePath);
  const within = (name: string): string => (at === "" ? name : `${at}.${name}`);

  if (error.keyword === "additionalProperties") {
    const name = String(error.params["additionalProperty"]);
    const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
    const near = nearest(name, known);
    return new InputError({ field: within(name), message: `unknown setting ${within(name)}`, whatToDo: near === null ? `known here: ${known.join(", ") || "none"}` : `did you mean ${within(near)}?` });
  }
  if (error.keyword === "required") {
    const field = within(String(error.params["missingProperty"]));
    return new InputError({ field, message: `${field} is missing`, whatToDo: `give ${field}` });
  }
  const field = at === "" ? part : at;
  if (part === "params") return new InputError({ field, message: `there is no ${field} ${short(error.data)}`, whatToDo: "check the address", status: 404 });
  const allowed = error.keyword === "anyOf" ? choices(error, errors) : error.keyword === "enum" ? `must be one of ${listed(error.schema as unknown[])}` : said(error);
  return new InputError({ field, message: `${field} ${allowed}, but is ${short(error.data)}`, whatToDo: `correct ${field}: it ${allowed}` });
}

/** On routes with `attachValidation`: throws what is wrong with the request; 422 where it is a field that `parameters` matches, which is understood but cannot be. */
export function refuseInvalid({ validationError: error }: FastifyRequest, parameters: RegExp): void {
  if (error === undefined) return;
  const problem = explainValidation(error.validation as ErrorObject[], error.validationContext ?? "body");
  throw new InputError({ field: problem.field, message: problem.message, whatToDo: problem.whatToDo, status: parameters.test(problem.field) ? 422 : problem.status });
}

/** A pattern says nothing to people: what the schema says of the field does. */
function said({ keyword, parentSchema, message = "is not allowed" }: ErrorObject): string {
  const about = (parentSchema as { description?: string } | undefined)?.description;
  return keyword === "pattern" && about !== undefined ? `must be one of these: ${about.replace(/\.$/, "")}` : message;
}

function choices(error: ErrorObject, errors: ErrorObject[]): string {
  const constants = (error.schema as { const?: unknown }[]).map((branch) => branch.const);
  if (constants.every((constant) => constant !== undefined)) return `must be one of ${listed(constants)}`;
  const branches = errors.filter((e) => e !== error && e.instancePath === error.instancePath).map((e) => e.message ?? "");
  return [...new Set(branches)].join(", or ");
}

const listed = (values: unknown[]): string => values.map(String).join(", ");

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The known name that was probably meant: at most a third of its letters differ. */
export function nearest(name: string, known: string[]): string | null {
  const [best] = known.map((candidate) => ({ candidate, distance: editDistance(name.slice(0, 100), candidate) })).toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, best.candidate.length / 3) ? best.candidate : null;
}

/** Levenshtein. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
