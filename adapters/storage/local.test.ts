import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storageContract } from "./contract.test-suite.ts";
import { createLocalStorage } from "./local.ts";

storageContract("local folder", async () => createLocalStorage({ root: await mkdtemp(join(tmpdir(), "actverse-storage-")) }));
