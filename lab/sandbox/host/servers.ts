import type { Server } from "node:http";

import { UserError } from "../../../services/common/errors.ts";
import { LOOPBACK } from "./ports.ts";

/** Lets a server listen on a port of 127.0.0.1; a port in use is a UserError that names the service. */
export async function listen(server: Server, port: number, service: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" || error.code === "EACCES" ? portInUse(service, port) : error);
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

/** What a user reads when another program has taken one of the sandbox's ports. */
export function portInUse(service: string, port: number): UserError {
  return new UserError(
    `Port ${port} of 127.0.0.1, which the sandbox's ${service} needs, is in use by another program: end that program, or take new ports with "castchat-recovery sandbox reset".`,
  );
}

/** Stops a server at once: cuts its connections and waits until its port is free. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
