import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../domain/errors.ts";
import { allowedFile, allowedFolder } from "./allowed-path.ts";

let base = "";
let roots: string[] = [];

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "actverse-paths-")));
  roots = [join(base, "allowed")];
  await mkdir(join(base, "allowed", "sub"), { recursive: true });
  await mkdir(join(base, "allowed-not"));
  for (const file of ["allowed/a.mp4", "allowed-not/secret.mp4"]) await writeFile(join(base, file), "x");
  await symlink(join(base, "allowed-not", "secret.mp4"), join(base, "allowed", "out.mp4"));
  await symlink(join(base, "allowed-not"), join(base, "allowed", "outfolder"));
  await symlink(join(base, "allowed", "a.mp4"), join(base, "allowed", "in.mp4"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const refusal = async (work: Promise<unknown>): Promise<InputError> => {
  const error: unknown = await work.then(() => null, (e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  return error as InputError;
};

describe("allowedFile", () => {
  const of = (path: string): Promise<string> => allowedFile({ path, roots, field: "file_path" });

  it("follows links that stay inside", async () => {
    expect(await of(join(base, "allowed", "in.mp4"))).toBe(join(base, "allowed", "a.mp4"));
    expect(await of(`${base}/allowed/sub/../a.mp4`)).toBe(join(base, "allowed", "a.mp4"));
  });

  it.each([
    ["a link that leads out", "allowed/out.mp4"],
    ["a folder link that leads out", "allowed/outfolder/secret.mp4"],
    ["..", "allowed/../allowed-not/secret.mp4"],
    ["a folder whose name only begins alike", "allowed-not/secret.mp4"],
    ["no such file outside", "allowed-not/none.mp4"],
    ["an escaped path", "allowed/%2e%2e/allowed-not/secret.mp4"],
  ])("refuses %s", async (_name, path) => {
    const error = await refusal(of(`${base}/${path}`));
    expect(error.field).toBe("file_path");
    expect(error.status).toBe(path.includes("%2e") ? 404 : 400);
  });

  it("refuses NUL, relative paths and folders, and says 404 for what is missing inside", async () => {
    expect((await refusal(of(`${base}/allowed/a.mp4\0.txt`))).message).toMatch(/NUL/);
    expect((await refusal(of("allowed/a.mp4"))).message).toMatch(/not absolute/);
    expect((await refusal(of(join(base, "allowed", "sub")))).message).toMatch(/not a file/);
    expect((await refusal(of(join(base, "allowed", "none.mp4")))).status).toBe(404);
  });
});

describe("allowedFolder", () => {
  const of = (path: string): Promise<string> => allowedFolder({ path, roots, field: "upload[0].path" });

  it("takes folders that are there and those that can be made", async () => {
    expect(await of(join(base, "allowed", "sub"))).toBe(join(base, "allowed", "sub"));
    expect(await of(join(base, "allowed", "new", "deep"))).toBe(join(base, "allowed", "new", "deep"));
  });

  it.each(["allowed/outfolder/new", "allowed/../new", "allowed-not", "elsewhere/x"])("refuses %s", async (path) => {
    expect((await refusal(of(`${base}/${path}`))).field).toBe("upload[0].path");
  });

  it("refuses a file", async () => {
    expect((await refusal(of(join(base, "allowed", "a.mp4")))).message).toMatch(/not a folder/);
  });
});
