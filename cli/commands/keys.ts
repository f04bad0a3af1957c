import type { Command } from "commander";
import type { ApiKey } from "../../api/keys.ts";
import type { Io } from "../context.ts";
import type { Does } from "../program.ts";
import { moment, table } from "../table.ts";

type Shown = Omit<ApiKey, "sha256">;
const shown = ({ sha256: _hash, ...key }: ApiKey): Shown => key;

/** API keys, in the storage of this machine: the first one is made before anybody can show one. */
export function addKeyCommands(program: Command, does: Does): void {
  const keys = program.command("keys").description("API keys, in the storage of this machine; a running API sees a change within seconds");

  does(keys.command("add <user>").description("makes a key and shows it once").option("--admin", "sees and changes everybody's tasks"), async ({ io, answer }, user: string, { admin = false }: { admin?: boolean }) => {
    const { key, token } = await (await storeOf(io)).add({ userId: user, admin });
    answer({ ...shown(key), token }, () => `${token}\n\nThe key ${key.id} of ${key.user_id}${key.admin ? ", an admin" : ""}. It is shown this once; authentication is on from now on.`);
  });

  does(keys.command("list").description("the keys there are"), async ({ io, answer }) => {
    const all = ((await (await storeOf(io)).keys()) ?? []).map(shown);
    answer({ keys: all }, () => (all.length === 0 ? "there are no keys" : table(["KEY", "USER", "RIGHTS", "MADE"], all.map((key) => [key.id, key.user_id, key.admin ? "admin" : "user", moment(key.created_at)]))));
  });

  does(keys.command("revoke <key>").description("ends a key and its sessions"), async ({ io, answer }, id: string) => {
    const store = await storeOf(io);
    const gone = await store.revoke(id);
    const left = ((await store.keys()) ?? []).length;
    answer({ ...shown(gone), left }, () => `revoked ${id} of ${gone.user_id}${left === 0 ? "; there are no keys left, and nobody can sign in until one is made" : ""}`);
  });
}

async function storeOf({ env }: Io) {
  const [{ createKeyStore }, { createAdapters }, { readConfig }] = await Promise.all([import("../../api/keys.ts"), import("../../adapters/index.ts"), import("../../workers/config.ts")]);
  return createKeyStore({ storage: createAdapters(readConfig(env)).storage });
}
