import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { HEADER_LENGTH } from "./triton-tensors.ts";

type Handler = (request: { body: Buffer; raw: IncomingMessage; response: ServerResponse }) => void;

export interface OddServer {
  url: string;
  /** `GET /path` or `POST /path` of each request, in order. */
  asked: string[];
  /** Shapes of the tensors that came. */
  shapes: number[][];
  /** Answers this path from now on: with JSON, with a status and a text, or as a function does. */
  answer(path: string, by: Handler | object | [number, string]): void;
  close(): Promise<void>;
}

/** An HTTP server that speaks as Triton does of one version of fixtures/detect.onnx, until it is told to answer something else: what a sound server never does. */
export async function startOddServer(): Promise<OddServer> {
  const asked: string[] = [];
  const shapes: number[][] = [];
  const version = "/v2/models/odd/versions/1";
  const json = (response: ServerResponse, value: unknown, status = 200): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  const answers = new Map<string, Handler>();
  const answer: OddServer["answer"] = (path, by) =>
    void answers.set(path, typeof by === "function" ? (by as Handler) : ({ response }) => (Array.isArray(by) && typeof by[0] === "number" ? response.writeHead(by[0]).end(by[1] as string) : json(response, by)));

  answer(`GET ${version}/ready`, [200, ""]);
  answer(`GET ${version}`, { name: "odd", versions: ["1"], inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, -1, -1] }], outputs: [{ name: "output0", datatype: "FP32", shape: [-1, 6, -1] }] });
  answer(`GET ${version}/config`, { max_batch_size: 4 });
  answer("POST /v2/repository/models/odd/load", [200, ""]);
  answer("POST /v2/repository/models/odd/unload", [200, ""]);
  answer("POST /v2/repository/index", [{ name: "odd", version: "1", state: "READY" }, { name: "other", version: "7", state: "READY" }]);
  answer(`POST ${version}/infer`, ({ body, raw, response }) => {
    const { inputs } = JSON.parse(body.toString("utf8", 0, Number(raw.headers[HEADER_LENGTH]))) as { inputs: { shape: number[] }[] };
    const shape = inputs[0]?.shape ?? [];
    shapes.push(shape);
    tensor(response, [shape[0] ?? 0, 6, 1]);
  });

  const server = createServer((raw, response) => {
    const path = `${raw.method} ${raw.url}`;
    asked.push(path);
    const parts: Buffer[] = [];
    raw.on("data", (part: Buffer) => parts.push(part));
    raw.on("end", () => {
      const handler = answers.get(path);
      if (handler === undefined) json(response, { error: `Request for unknown model: ${path}` }, 404);
      else handler({ body: Buffer.concat(parts), raw, response });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    shapes,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer with zeros in this shape; what is given differs from that. */
export function tensor(response: ServerResponse, shape: number[], odd: { name?: string; datatype?: string; bytes?: number; header?: string } = {}): void {
  const bytes = odd.bytes ?? shape.reduce((product, side) => product * side, 4);
  const header = odd.header ?? JSON.stringify({ model_name: "odd", outputs: [{ name: odd.name ?? "output0", datatype: odd.datatype ?? "FP32", shape, parameters: { binary_data_size: bytes } }] });
  response.writeHead(200, { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(header.length) }).end(Buffer.concat([Buffer.from(header), Buffer.alloc(bytes)]));
}
