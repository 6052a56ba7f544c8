import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

import { listen } from "../../services/support/testServer.ts";

/** An error that S3 answers instead of carrying out a request. */
export interface S3Fault {
  status: number;
  /** S3's name of the error. */
  code: string;
  message?: string;
  headers?: Record<string, string>;
}

/** The fate of a request: it passes; it gets this error; or its answer breaks off after so many bytes of its body. */
export type S3Fate = "pass" | S3Fault | { breakAfterBytes: number };

/** A proxy between a runner and S3 that produces faults. */
export interface S3Proxy {
  endpoint: string;
  /** Decides the fate of each request. By default, all pass. */
  fateOf: (asked: { method: string; path: string }) => S3Fate;
  /** Number of requests that did not pass. */
  refused: number;
  stop(): Promise<void>;
}

/** Starts a proxy in front of an S3 endpoint. It forwards requests unchanged, so that their signatures stay valid. */
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
      // A shorter answer breaks off before its end.
      given.once("end", () => answer.socket?.end());
      given.on("data", (bytes: Buffer) => {
        if (left > 0) answer.write(bytes.subarray(0, left));
        left -= bytes.length;
        // Not a reset, so that the earlier bytes arrive.
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
  const { url, stop } = await listen(server);
  const proxy: S3Proxy = {
    endpoint: url,
    fateOf: () => "pass",
    refused: 0,
    async stop() {
      agent.destroy();
      await stop();
    },
  };
  return proxy;
}
