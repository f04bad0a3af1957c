import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalStorage } from "../../adapters/storage/local.ts";
import type { Storage } from "../../adapters/storage/storage.ts";
import { InputError } from "../../domain/errors.ts";
import { sha256Of } from "../../domain/hash.ts";
import type { ReceiveModelOutput } from "../../domain/steps.ts";
import { fixture, run } from "./models.test-tools.ts";
import { createReceiveModelStep } from "./receive.ts";

describe("receiving a user's model", () => {
  let root: string;
  let home: string;
  let storage: Storage;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "actverse-receive-"));
    home = join(root, "home");
    await mkdir(home);
    storage = createLocalStorage({ root: join(root, "data") });
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  const receive = (path: string): Promise<ReceiveModelOutput> => run(createReceiveModelStep({ storage, files: { allowedRoots: [home], allowedHosts: [], maxBytes: 1e9 }, workFolder: root }).receiveModel, { taskId: "run000000001", round: 1, path });

  it("copies it into storage, whole, with its hash", async () => {
    const onnx = await fixture("detect");
    await writeFile(join(home, "mice.ONNX"), onnx);
    expect(await receive(join(home, "mice.ONNX"))).toEqual({ kind: "onnx", key: "imports/run000000001/source.onnx", sha256: sha256Of(onnx), bytes: onnx.length });
    expect(await storage.read("imports/run000000001/source.onnx")).toEqual(onnx);
    await writeFile(join(home, "mice.pt"), "PK\u0003\u0004 and so on");
    expect(await receive(join(home, "mice.pt"))).toMatchObject({ kind: "pt", key: "imports/run000000001/source.pt" });
  });

  it("refuses what lies elsewhere, is not there, or is no model", async () => {
    await writeFile(join(root, "secret.onnx"), "x");
    await symlink(join(root, "secret.onnx"), join(home, "link.onnx"));
    await writeFile(join(home, "notes.txt"), "x");
    await writeFile(join(home, "pickle.pt"), "\u0080\u0002csystem");
    await writeFile(join(home, "huge.onnx"), "");
    await truncate(join(home, "huge.onnx"), 1_000_000_001);
    const cases: [string, number, RegExp][] = [
      [join(root, "secret.onnx"), 400, /outside of the allowed folders/],
      [join(home, "link.onnx"), 400, /outside of the allowed folders/],
      [join(home, "../secret.onnx"), 400, /outside of the allowed folders/],
      ["mice.pt", 400, /not an absolute path/],
      ["https://example.org/mice.pt", 400, /not an absolute path/],
      [home, 400, /not a file/],
      [join(home, "none.pt"), 404, /no such file/],
      [join(home, "notes.txt"), 422, /neither a \.pt nor an \.onnx/],
      [join(home, "pickle.pt"), 422, /not a model that PyTorch saved/],
      [join(home, "huge.onnx"), 422, /at most 1000000000/],
    ];
    for (const [path, status, message] of cases) {
      const problem: unknown = await receive(path).catch((error: unknown) => error);
      expect(problem, path).toBeInstanceOf(InputError);
      expect(problem, path).toMatchObject({ field: "file_path", status, message: expect.stringMatching(message) as unknown });
    }
  });
});
