import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { workflowBundle } from "./workflow-bundle.ts";

const project = join(import.meta.dirname, "..");
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "actverse-bundle-"));
  await mkdir(join(root, "workflows"));
  for (const name of ["domain", "package-lock.json", "package.json"]) await cp(join(project, name), join(root, name), { recursive: true });
  await symlink(join(project, "node_modules"), join(root, "node_modules"));
  await writeFile(join(root, "workflows", "index.ts"), 'export const hello = async (): Promise<string> => "the first";\n');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const made = async (): Promise<string> => {
  const bundle = await workflowBundle({ root });
  return "codePath" in bundle ? bundle.codePath : "";
};

it("is made once, and anew when a source has changed", async () => {
  const first = await made();
  expect(await readFile(first, "utf8")).toContain("the first");
  const { mtimeMs } = await stat(first);
  expect(await made()).toBe(first);
  expect((await stat(first)).mtimeMs).toBe(mtimeMs);

  await writeFile(join(root, "workflows", "index.ts"), 'export const hello = async (): Promise<string> => "the second";\n');
  const second = await made();
  expect(await readFile(second, "utf8")).toContain("the second");
  expect(await readdir(join(root, "dist"))).toEqual([second.slice(join(root, "dist").length + 1)]);
});

it("is not kept where a source may not run in a workflow", async () => {
  await writeFile(join(root, "workflows", "index.ts"), 'import { readFileSync } from "node:fs";\nexport const hello = async (): Promise<string> => readFileSync("/etc/hostname", "utf8");\n');
  await expect(workflowBundle({ root })).rejects.toThrow("Webpack finished with errors");
  await expect(workflowBundle({ root })).rejects.toThrow("Webpack finished with errors");
});

it("is there all the same where it cannot be kept", async () => {
  await writeFile(join(root, "workflows", "index.ts"), 'export const hello = async (): Promise<string> => "the third";\n');
  await rm(join(root, "dist"), { recursive: true });
  await writeFile(join(root, "dist"), "a file in the folder's place");
  const bundle = await workflowBundle({ root });
  expect("code" in bundle ? bundle.code : "").toContain("the third");
});
