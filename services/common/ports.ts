import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Where servers of this program listen: never reachable from outside of this machine. */
export const LOOPBACK = "127.0.0.1";

/**
 * Where ports are taken from: below the range that systems take the ports of outgoing connections from (Linux: 32768 on), so
 * that a port that a stopped server keeps for its next start isn't taken by somebody's connection.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const ATTEMPTS = 200;

/** Ports on 127.0.0.1 that are free now, all different. Another program may take one later: whoever listens says so by name. */
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
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("the system gave no free port on 127.0.0.1");
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
