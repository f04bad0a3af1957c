import { createServer } from "node:net";

/** The wanted port where it is free on this host, else any free one. */
export function freePort(wanted: number, host = "127.0.0.1"): Promise<number> {
  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(port, host, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
      });
    });
  return listen(wanted).catch(() => listen(0));
}
