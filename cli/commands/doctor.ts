import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Finding } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";
import type { Does } from "../program.ts";

/** `doctor`: what a task needs, one by one, and what to do about what is not there. */
export function addDoctorCommand(program: Command, does: Does): void {
  const doctor = program.command("doctor").description("checks what is needed: ffmpeg, Python, GPU, storage, disk, Temporal, workers, the API; says what to do").option("--client", "only what a client needs: the API and the key");
  does(doctor, async (context, { client = false }: { client?: boolean }) => {
    const { answer } = context;
    const findings = await examine(context, client);
    const healthy = findings.every(({ status }) => status !== "failed");
    answer({ healthy, findings }, () => [...findings.map(inWords), healthy ? "All that is needed is there." : "Something is to be mended."].join("\n"));
    return healthy ? EXIT.done : EXIT.unhealthy;
  });
}

const MARKS = { ok: "ok    ", note: "note  ", failed: "FAILED" };
const inWords = ({ check, status, detail, what_to_do: whatToDo }: Finding): string => `${MARKS[status]}  ${check.padEnd(8)}  ${detail}${whatToDo === undefined ? "" : `\n                    What to do: ${whatToDo}`}`;

async function examine({ api, io: { env } }: Context, client: boolean): Promise<Finding[]> {
  const { checkApi, checkTemporal } = await import("../doctor/services.ts");
  if (client) return await checkApi(api);
  const [machine, { readConfig }] = await Promise.all([import("../doctor/machine.ts"), import("../../workers/config.ts")]);
  const [config, tools] = [readConfig(env), machine.toolsOf()];
  const parts = await Promise.all([machine.checkFfmpeg(env, tools), machine.checkPython(env, tools, config), machine.checkStorage(config), machine.checkDisk(config), checkTemporal(), checkApi(api)]);
  return [machine.checkNode(), ...parts.flat()];
}
