import { join } from "node:path";
import { readConfig } from "../workers/config.ts";
import { startStack } from "./stack.ts";
import { readTools } from "./tools.ts";

/** `npm start`: the whole stack, until Ctrl-C. What was running goes on at the next start. */
const config = readConfig();
const say = (line: string): void => console.log(line);
const stack = await startStack({ home: config.stateDir, dataDir: config.dataDir, tools: readTools(), host: config.host, port: config.port, echo: process.stdout, say });

say(`
  Actverse is up.
    Pages          ${stack.apiUrl}
    API            ${stack.apiUrl}/docs
    Temporal       ${stack.temporalUrl}
    Data           ${config.dataDir}
    Logs           ${join(config.stateDir, "logs")}

  Stop it with Ctrl-C; tasks go on where they were at the next start.
`);

let stopping = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    say("stopping: steps that run are handed back and go on at the next start");
    void stack.stop().then(() => process.exit(0));
  });
}
