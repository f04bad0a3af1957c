import { parseArgs } from "node:util";
import { InputError } from "../domain/errors.ts";
import { readConfig } from "../workers/config.ts";

/** What a person or a cron does about a task's labels, over the API. */
const USAGE = `npm run labeling -- status TASK_ID                       how much is labeled, and where
npm run labeling -- sync TASK_ID                         reads the labeling tool back: where it says approved, training begins
npm run labeling -- approve TASK_ID [--allow-partial]    approves; with --allow-partial what is not reviewed is left out
npm run labeling -- round TASK_ID                        a new round of a task that has ended
--api URL  where the API is; default: as this environment says. Its key: ACTVERSE_API_KEY`;

const misunderstood = (): InputError => new InputError({ field: "command", message: "not understood", whatToDo: USAGE });

async function main(args: string[]): Promise<string> {
  const config = readConfig();
  const { values, positionals } = (() => {
    try {
      return parseArgs({ args, allowPositionals: true, options: { api: { type: "string" }, "allow-partial": { type: "boolean" } } });
    } catch {
      throw misunderstood();
    }
  })();
  const [command = "", taskId = "", ...more] = positionals;
  const partial = values["allow-partial"];
  const body = command === "approve" && partial === true ? { allow_partial: true } : {};
  const routes: Record<string, [method: string, path: string]> = {
    status: ["GET", `/labeling/${taskId}`],
    sync: ["POST", `/labeling/${taskId}/sync`],
    approve: ["POST", `/labeling/${taskId}/approve`],
    round: ["POST", `/labeling/${taskId}/rounds`],
  };
  const route = Object.hasOwn(routes, command) ? routes[command] : undefined;
  if (route === undefined || !/^[0-9a-z]{12}$/.test(taskId) || more.length > 0 || (partial === true && command !== "approve")) throw misunderstood();

  const [method, path] = route;
  const url = (values.api ?? `http://${config.host}:${config.port}`).replace(/\/+$/, "");
  const headers = { ...(config.apiKey === null ? {} : { authorization: `Bearer ${config.apiKey}` }), ...(method === "GET" ? {} : { "content-type": "application/json" }) };
  const answer = await fetch(url + path, { method, headers, ...(method === "GET" ? {} : { body: JSON.stringify(body) }) }).catch((cause: unknown) => {
    throw new InputError({ field: "--api", message: `the API at ${url} cannot be reached`, whatToDo: "see that it runs, or give its address with --api", cause });
  });
  const content = (await answer.json().catch(() => ({}))) as { detail?: string; field?: string; what_to_do?: string };
  if (!answer.ok) throw new InputError({ field: content.field ?? "", message: content.detail ?? `the API answered ${answer.status}`, whatToDo: content.what_to_do ?? "look into the API's log" });
  return JSON.stringify(content, null, 2);
}

try {
  console.log(await main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  console.error(`${error.message}\n${error.whatToDo}`);
  process.exitCode = 1;
}
