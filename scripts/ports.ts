import { createServer } from "node:net";

/**
 * Below the ports that a system gives to outgoing connections (Linux from 32768, others from 49152): one of those may be taken
 * by any connection between the choice and its use.
 */
const [FIRST, LAST] = [20_000, 32_000];
const TRIES = 100;

const isFree = (port: number, host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

/** The wanted port where it is free on this host, else any free one; 0 wants any. */
export async function freePort(wanted = 0, host = "127.0.0.1"): Promise<number> {
  if (wanted !== 0 && (await isFree(wanted, host))) return wanted;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port on ${host} between ${FIRST} and ${LAST}, in ${TRIES} tries`);
}
