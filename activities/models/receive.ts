import { InputError } from "../../domain/errors.ts";
import { importKeys } from "../../domain/layout.ts";
import type { ReceiveModelInput, ReceiveModelOutput } from "../../domain/steps.ts";
import type { Deps } from "../deps.ts";
import { openSource } from "../files/source-file.ts";
import { longStep } from "../step-context.ts";
import { fileSha256 } from "../training-run.ts";

/** The largest networks that fit here have a tenth of this. */
const MAX_BYTES = 1e9;
/** How a .pt of this decade begins: it is a ZIP archive. */
const ZIP = "PK\u0003\u0004";

/** A user's .pt or .onnx from an allowed folder into storage, where the workers of all queues reach it. Nothing of it is run here. */
export function createReceiveModelStep(deps: Pick<Deps, "storage" | "files" | "workFolder">) {
  const { storage } = deps;
  const refuse = (message: string, whatToDo: string): never => {
    throw new InputError({ field: "file_path", status: 422, message, whatToDo });
  };
  return {
    receiveModel: (input: ReceiveModelInput): Promise<ReceiveModelOutput> =>
      longStep(async (context) => {
        const { taskId, path } = input;
        if (!path.startsWith("/")) throw new InputError({ field: "file_path", message: `${path} is not an absolute path`, whatToDo: "Give the whole path of the file, under an allowed folder." });
        const source = await openSource(deps, { filePath: path, taskId, context });
        try {
          const kind = source.extension === "pt" || source.extension === "onnx" ? source.extension : refuse(`${path} is neither a .pt nor an .onnx file`, "Give a model as Ultralytics saves it (.pt), or exported to ONNX (.onnx).");
          if (source.bytes > MAX_BYTES) refuse(`${path} has ${source.bytes} bytes; at most ${MAX_BYTES} are taken`, "Give a smaller model.");
          const key = importKeys(taskId).source(kind);
          await storage.put(key, { file: source.pinned });
          const file = await storage.localPath(key);
          if (kind === "pt" && (await beginning(storage, key)) !== ZIP) refuse(`${path} is not a model that PyTorch saved`, "Give a .pt file as Ultralytics saves it.");
          context.log("model received", { path, bytes: source.bytes });
          return { kind, key, sha256: await fileSha256(file), bytes: source.bytes };
        } finally {
          await source.close();
        }
      }),
  };
}

async function beginning(storage: Deps["storage"], key: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of await storage.stream(key, { start: 0, end: ZIP.length - 1 })) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("latin1");
}
