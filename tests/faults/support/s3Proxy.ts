import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What S3 answers instead of doing what it was asked. */
export interface S3Fault {
  status: number;
  /** S3's name of the error. */
  code: string;
  message?: string;
  headers?: Record<string, string>;
}

/** What becomes of a request: it passes; it is answered so; or its answer breaks off after so many bytes of its body. */
export type S3Fate = "pass" | S3Fault | { breakAfterBytes: number };

/** S3 as a runner sees it, with faults on its way. */
export interface S3Proxy {
  endpoint: string;
  /** Decides on each request; none by default. */
  fateOf: (asked: { method: string; path: string }) => S3Fate;
  /** Requests that were not let through. */
  refused: number;
  stop(): Promise<void>;
}

/** Starts a proxy before an S3 endpoint. Requests go on as they are: a signature stays good. */
export async function startS3Proxy(endpoint: string): Promise<S3Proxy> {
  const { hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  const forward = (asked: IncomingMessage, answer: ServerResponse, breakAfterBytes?: number) => {
    const { method, url, headers } = asked;
    const upstream = request({ hostname, port, agent, method, path: url, headers });
    upstream.once("error", () => answer.socket?.resetAndDestroy());
    upstream.once("response", (given) => {
      answer.writeHead(given.statusCode ?? 500, given.rawHeaders);
      if (breakAfterBytes === undefined) {
        given.pipe(answer);
        return;
      }
      let left = breakAfterBytes;
      // A shorter one breaks off before its end is told.
      given.once("end", () => answer.socket?.end());
      given.on("data", (bytes: Buffer) => {
        if (left > 0) answer.write(bytes.subarray(0, left));
        left -= bytes.length;
        // Not a reset: what was written before must arrive.
        if (left <= 0) setTimeout(() => answer.socket?.end(), 20);
      });
    });
    asked.pipe(upstream);
  };
  const server = createServer((asked, answer) => {
    const fate = proxy.fateOf({ method: asked.method ?? "", path: asked.url ?? "" });
    if (fate !== "pass") proxy.refused += 1;
    if (fate === "pass" || "breakAfterBytes" in fate) {
      forward(asked, answer, fate === "pass" ? undefined : fate.breakAfterBytes);
      return;
    }
    asked.resume().once("end", () => {
      answer.writeHead(fate.status, { "content-type": "application/xml", ...fate.headers });
      answer.end(
        `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${fate.code}</Code><Message>${fate.message ?? fate.code}</Message></Error>`,
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: S3Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fateOf: () => "pass",
    refused: 0,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
