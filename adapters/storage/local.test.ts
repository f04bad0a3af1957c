import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { storageContract } from "./contract.test-suite.ts";
import { createLocalStorage } from "./local.ts";

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

storageContract("local folder", async () => {
  const root = await mkdtemp(join(tmpdir(), "actverse-storage-"));
  folders.push(root);
  return createLocalStorage({ root });
});
