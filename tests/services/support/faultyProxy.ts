import { createServer, request as send } from "node:http";

import { listen } from "./testServer.ts";

/** An answer that the proxy gives in place of the service. */
export interface Fault {
  status?: number;
  /** Never answers. */
  hang?: boolean;
  /** Is called when the request has arrived. */
  asked?: () => void;
}

/** Stands between an adapter and the service's emulator, notes the requests, and answers in its place where a test wants a fault. */
export async function startFaultyProxy(service: string) {
  const seen: { method: string; path: string }[] = [];
  const faults: Fault[] = [];
  let failing: (Fault & { path: string }) | undefined;
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    seen.push({ method, path: url });
    const fault = faults.shift() ?? (method === "POST" && url === failing?.path ? failing : undefined);
    if (fault !== undefined) {
      request.resume();
      fault.asked?.();
      if (fault.hang !== true)
        response.writeHead(fault.status ?? 500, { "content-type": "application/json" }).end("{}");
      return;
    }
    const passed = send(new URL(url, service), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.once("error", () => response.destroy());
    request.pipe(passed);
  });
  return {
    ...(await listen(server)),
    /** The requests since the last call of `next`. */
    seen,
    /** Answers the next requests so. */
    next(...wanted: Fault[]) {
      seen.splice(0);
      faults.splice(0, Infinity, ...wanted);
      failing = undefined;
    },
    /** Answers every POST to a path with a status, until `next`. */
    failAt(path: string, status: number) {
      failing = { path, status };
    },
  };
}

/** Such a proxy. */
export type FaultyProxy = Awaited<ReturnType<typeof startFaultyProxy>>;
