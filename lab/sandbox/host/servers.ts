import type { Server } from "node:http";

import { UserError } from "../../../services/common/errors.ts";
import { LOOPBACK } from "../../../services/common/ports.ts";

/** Lets a server listen on a port of 127.0.0.1. UserError that names the service if the port is in use. */
export async function listen(server: Server, port: number, service: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" || error.code === "EACCES" ? portInUse(service, port) : error);
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

/** The error for a sandbox port that another program uses. */
export function portInUse(service: string, port: number): UserError {
  return new UserError(
    `Port ${port} of 127.0.0.1, which the sandbox's ${service} needs, is used by another program. End that program, or get new ports with \`castchat-recovery sandbox reset\`.`,
  );
}

/** Stops a server at once: cuts its connections, and waits until its port is free. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
