import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Address of this program's own servers, which no other machine can reach. */
export const LOOPBACK = "127.0.0.1";

/** Ports are below the range for outgoing connections (Linux: from 32768), so that no connection takes a stopped server's port. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const ATTEMPTS = 200;

/** Different ports on 127.0.0.1 that are free now. Another program may take one before it is used. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; found.size < count; attempt++) {
    if (attempt > ATTEMPTS + count)
      throw new Error(`no ${count} free ports between ${FIRST_PORT} and ${LAST_PORT} on ${LOOPBACK}`);
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

/** One free port on 127.0.0.1. */
export async function freePort(): Promise<number> {
  const [port] = (await freePorts(1)) as [number];
  return port;
}

/** Whether nothing listens on a port of 127.0.0.1 (a listener that is just closing counts as free). */
export async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" || error.code === "EACCES" ? resolve(false) : reject(error),
    );
    probe.listen(port, LOOPBACK, () => probe.close(() => resolve(true)));
  });
}
