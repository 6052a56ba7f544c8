import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach } from "@jest/globals";

/** One request as it arrived. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What to answer. */
export interface Reply {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Never answers. */
  hang?: boolean;
}

/** Makes a server listen on a free port of this machine. Gives its address, and what stops it. */
export async function listen(server: Server): Promise<{ url: string; stop: () => Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server that gives the replies in order (the last one again and again) and keeps the requests. */
export async function startTestServer(replies: Reply[]) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => (body += piece));
    request.on("end", () => {
      const reply = replies[Math.min(seen.length, replies.length - 1)] ?? {};
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      if (reply.hang) return;
      const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {});
      response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers }).end(text);
    });
  });
  return { seen, ...(await listen(server)) };
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Such a server for one test, after which it stops. */
export async function serve(...replies: Reply[]) {
  const server = await startTestServer(replies);
  stops.push(server.stop);
  return server;
}
