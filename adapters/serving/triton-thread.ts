import type { Detection } from "../../domain/detections.ts";
import { messageOf } from "../../domain/errors.ts";
import { createLimit } from "./limit.ts";
import { ServingError } from "./serving.ts";
import { checkOutput, decoded, emptyImages, partOf, type Output } from "./tensors.ts";
import { ThreadProblem, type Images, type TritonRequest } from "./thread-messages.ts";
import { answerRequests } from "./thread.ts";
import { request, TritonRefusal } from "./triton-http.ts";
import { decodeAnswer, encodeRequest } from "./triton-tensors.ts";

/** The thread that talks to Triton: scaling images and reading tensors takes as long as some models do. */

/** Requests on their way at once: enough that the server has the next while it works. */
const AT_ONCE = 4;
/** Triton takes 64 MiB a request unless it is told otherwise. */
const MAX_BODY_BYTES = 60_000_000;

const limit = createLimit(AT_ONCE);

async function handle(asked: TritonRequest): Promise<Detection[][]> {
  if (asked.kind === "infer") return await infer(asked);
  const { facts } = asked;
  const { images, height, width } = emptyImages(facts);
  const output = await send(asked, { pixels: Buffer.concat(images), dims: [images.length, 3, height, width] });
  try {
    checkOutput(output, images.length, facts);
  } catch (error) {
    throw new ThreadProblem("model", messageOf(error));
  }
  return [];
}

async function infer(asked: TritonRequest & { kind: "infer" }): Promise<Detection[][]> {
  const { facts, limits, count } = asked;
  const batch = facts.batch ?? batchFor(asked);
  const starts = Array.from({ length: Math.ceil(count / batch) }, (_, i) => i * batch);
  const found = await Promise.all(
    starts.map((start) =>
      limit(async () => {
        const part = partOf(asked, start, batch, facts);
        const { data, dims } = await send(asked, part);
        if (dims[0] !== part.dims[0]) throw new ThreadProblem("failed", `results for ${dims[0]} images where ${part.dims[0]} were sent`);
        return Array.from({ length: part.images }, (_, image) => decoded({ data, dims, image, facts, limits }));
      }),
    ),
  );
  return found.flat();
}

/** As many images as the server takes at once and one request may carry. */
function batchFor({ facts, maxBatch, count, height, width }: TritonRequest & Images): number {
  const bytes = 3 * height * width * (facts.inputType === "float" ? 4 : 1);
  return Math.max(1, Math.min(count, maxBatch === 0 ? count : maxBatch, Math.floor(MAX_BODY_BYTES / bytes)));
}

async function send({ url, facts, timeoutMs }: TritonRequest, { pixels, dims }: { pixels: Uint8Array; dims: readonly number[] }): Promise<Output> {
  const { body, headers } = encodeRequest({ facts, pixels, dims });
  const answer = await request(`${url}/infer`, { method: "POST", body, headers, timeoutMs }).catch((error: unknown) => {
    // 503: it is being let go of at this moment.
    if (error instanceof TritonRefusal && (error.status === 404 || (error.status === 503 && /is not at ready state/.test(error.words)))) throw new ThreadProblem("absent", error.reason);
    if (error instanceof TritonRefusal && (error.status === 413 || /exceeds the maximum allowed/i.test(error.words))) throw new ThreadProblem("too-large", error.reason);
    throw error instanceof ServingError ? new ThreadProblem("failed", error.reason) : error;
  });
  try {
    return decodeAnswer(answer, facts);
  } catch (error) {
    throw new ThreadProblem("failed", messageOf(error));
  }
}

answerRequests(handle);
