import { isGrpcServiceError } from "@temporalio/client";
import type { ErrorObject } from "ajv";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { STATUS_CODES } from "node:http";
import { InputError } from "../domain/errors.ts";
import { explainValidation } from "./validation.ts";

/** RFC 9457 problem details, with what a person can do about it. */
export interface Problem {
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  /** What was wrong: a setting, a frame, a header; absent where it is nothing that was sent. */
  field?: string;
  what_to_do: string;
  /** Of a 401: where a browser signs in at the identity provider. */
  sign_in_url?: string;
}

/** An answer that is no fault of the input's content: not signed in, too fast, a part is away. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly field: string | null;
  readonly whatToDo: string;
  readonly signInUrl: string | null;

  constructor(problem: { status: number; message: string; whatToDo: string; field?: string; signInUrl?: string; cause?: unknown }) {
    super(problem.message, problem.cause === undefined ? undefined : { cause: problem.cause });
    this.status = problem.status;
    this.field = problem.field ?? null;
    this.whatToDo = problem.whatToDo;
    this.signInUrl = problem.signInUrl ?? null;
  }
}

const WHAT_TO_DO: Record<number, string> = {
  404: "check the address; /docs lists what there is",
  413: "send less: a body may have 1 MB",
  415: "send JSON, with the header Content-Type: application/json",
  429: "wait a minute, then go on more slowly",
};

const problem = (status: number, detail: string, field: string | null, whatToDo: string): Problem => ({
  type: "about:blank",
  title: STATUS_CODES[status] ?? "Error",
  status,
  detail,
  ...(field === null ? {} : { field }),
  what_to_do: whatToDo,
});

/** Any error as a problem. What a person cannot mend says nothing of our insides: the log does, under the request's id. */
export function problemOf(error: unknown, requestId = ""): Problem {
  if (error instanceof InputError) return problem(error.status, error.message, error.field, error.whatToDo);
  if (error instanceof HttpProblem) return { ...problem(error.status, error.message, error.field, error.whatToDo), ...(error.signInUrl === null ? {} : { sign_in_url: error.signInUrl }) };
  const { validation, validationContext, statusCode, message, cause } = error as Partial<FastifyError>;
  if (validation !== undefined) return problemOf(explainValidation(validation as ErrorObject[], validationContext ?? "body"));
  if (isGrpcServiceError(cause) || isGrpcServiceError(error)) return problem(503, "Temporal does not answer", null, "try again in a moment; nothing is lost");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return problem(statusCode, message ?? "", null, WHAT_TO_DO[statusCode] ?? "correct the request");
  return problem(500, "something went wrong on our side", null, `try again; if it stays, look for ${requestId} in the API's log`);
}

export function sendProblem(reply: FastifyReply, body: Problem): FastifyReply {
  reply.request.problem = body.detail;
  return reply.code(body.status).type("application/problem+json").serializer(JSON.stringify).send(body);
}

/** Error handler and not-found handler. Before the routes: it learns them, to tell a wrong method from a wrong address. */
export function addProblems(app: FastifyInstance): void {
  const known: { address: RegExp; methods: string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    known.push({ address: new RegExp(`^${url.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/:\w+/g, "[^/]+").replace(/\/$/, "")}/?$`), methods: [method].flat() });
  });

  /** 404, or 405 where the address is right. */
  const notFound = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = request.url.split("?")[0]!;
    const methods = [...new Set(known.flatMap((route) => (route.address.test(path) ? route.methods : [])))];
    if (methods.length === 0) return sendProblem(reply, problem(404, `there is no ${request.method} ${path.slice(0, 200)}`, null, WHAT_TO_DO[404]!));
    return sendProblem(reply.header("allow", methods.join(", ")), problem(405, `${request.method} is not for this address`, null, `use ${methods.join(" or ")}`));
  };

  app.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const body = problemOf(error, request.id);
    if (request.is404 && body.status === 400) return notFound(request, reply);
    if (body.status === 503) request.log.warn({ reason: error.message }, body.detail);
    else if (body.status >= 500) request.log.error({ err: error }, body.detail);
    if (body.status === 401) void reply.header("www-authenticate", "Bearer");
    return sendProblem(reply, body);
  });
  app.setNotFoundHandler(notFound);
}

/** An address that the router itself refuses: too long a word, or bad percent signs. */
export function addressProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(reply, problem(404, "there is no such address", null, WHAT_TO_DO[404]!));
  request.log.debug({ reason: error.code }, "address refused");
}
