import { createAdapters } from "../adapters/index.ts";
import { createKeyStore } from "../api/keys.ts";
import { InputError } from "../domain/errors.ts";
import { readConfig } from "../workers/config.ts";

/** API keys: made, listed, revoked. A running API sees a change within seconds. */
const USAGE = `npm run keys -- add USER [--admin]   makes a key for USER and shows it once
npm run keys -- list                 the keys there are
npm run keys -- revoke ID            ends a key and its sessions`;

async function main(args: string[]): Promise<string> {
  const [command, name, ...rest] = args;
  const keys = createKeyStore({ storage: createAdapters(readConfig()).storage });
  if (command === "list" && name === undefined) {
    const all = (await keys.keys()) ?? [];
    if (all.length === 0) return "there are no keys";
    return all.map((key) => `${key.id}  ${key.created_at}  ${key.admin ? "admin" : "user "}  ${key.user_id}`).join("\n");
  }
  if (command === "add" && name !== undefined && !name.startsWith("-") && rest.every((option) => option === "--admin") && rest.length <= 1) {
    const { key, token } = await keys.add({ userId: name, admin: rest.length === 1 });
    return `${token}\n\nThe key ${key.id} of ${key.user_id}${key.admin ? ", an admin" : ""}. It is shown this once; authentication is on from now on.`;
  }
  if (command === "revoke" && name !== undefined && rest.length === 0) {
    const { user_id: user } = await keys.revoke(name);
    const left = ((await keys.keys()) ?? []).length;
    return `revoked ${name} of ${user}${left === 0 ? "; there are no keys left, and nobody can sign in until one is made" : ""}`;
  }
  throw new InputError({ field: "command", message: "not understood", whatToDo: USAGE });
}

try {
  console.log(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(`${error.message}\n${error.whatToDo}`);
  process.exitCode = 1;
}
