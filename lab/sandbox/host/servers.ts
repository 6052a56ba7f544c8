import {
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Server as NetServer } from "node:net";

import { UserError } from "../../../services/common/errors.ts";
import { LOOPBACK } from "../../../services/common/ports.ts";

/** Lets a server listen on a port of 127.0.0.1. UserError that names the service if the port is in use. */
export async function listen(server: NetServer, port: number, service: string): Promise<void> {
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

/** A server behind a proxy, and what the proxy changes on the way. */
export interface Upstream {
  port: number;
  headers: OutgoingHttpHeaders;
  agent?: Agent;
  /** The request's body, if it was read before; otherwise it is streamed. */
  body?: Buffer | undefined;
  /** Selects the headers of the answer. */
  headersOf?: (headers: IncomingHttpHeaders) => OutgoingHttpHeaders;
}

/** Passes a request to a server on 127.0.0.1, and its answer back. `onFailure` answers if the server does not. */
export function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  { port, headers, agent, body, headersOf = (given) => given }: Upstream,
  onFailure: () => void,
): void {
  const { method, url: path } = request;
  const upstream = httpRequest({ host: LOOPBACK, port, agent, method, path, headers }, (answered) => {
    response.writeHead(answered.statusCode ?? 502, headersOf(answered.headers));
    answered.pipe(response);
    answered.once("error", () => response.destroy());
  });
  upstream.once("error", () => (response.headersSent ? response.destroy() : onFailure()));
  response.once("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  if (body !== undefined) upstream.end(body);
  else request.pipe(upstream);
}

/** Stops a server at once: cuts its connections, and waits until its port is free. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
