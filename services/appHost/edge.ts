import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

import { realTiming } from "../common/timing.ts";
import { networkReason } from "../http/http.ts";
import { parseJson } from "../http/jsonClient.ts";

/** The answer of a public address. */
export interface EdgeAnswer {
  status: number;
  /** The body as JSON; undefined if it is not JSON. */
  body: unknown;
  /** The body. */
  text: string;
  /** The app host whose edge marked the answer; undefined for the answer of another server. */
  servedBy: string | undefined;
}

/**
 * Requests a public address as a visitor does, with optional further headers; with a body, posts it as JSON. Throws the reason if there is no
 * answer.
 */
export type Edge = (
  url: string,
  signal: AbortSignal,
  headers?: Readonly<Record<string, string>>,
  body?: unknown,
) => Promise<EdgeAnswer>;

/** How an app host's edge marks its answers. */
export interface EdgeMark {
  /** Name of the host. */
  readonly host: string;
  /** Name of the header, in lower case. */
  readonly header: string;
}

/** Where the network's edge is. */
export interface EdgeOptions {
  /** Send every request to this address by plain HTTP, with the public name in its Host header. @default - the name's own address */
  endpoint?: string | undefined;
  /** The mark to look for. */
  mark?: EdgeMark | undefined;
  /** Milliseconds for one request. @default - `edgeSilenceMs` of {@link realTiming} */
  timeoutMs?: number;
}

/** A health answer is small. A longer answer is not read. */
const LONGEST_BODY_BYTES = 64 * 1024;

/** A client of the public edge. It uses node:http, because fetch sets the Host header itself. */
export function edgeClient(options: EdgeOptions = {}): Edge {
  const { endpoint, mark, timeoutMs = realTiming.edgeSilenceMs } = options;
  return (address, signal, headers = {}, posted) => {
    const url = new URL(address);
    const target = endpoint === undefined ? url : new URL(url.pathname + url.search, endpoint);
    const send = target.protocol === "http:" ? httpRequest : httpsRequest;
    const { host } = url;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    return new Promise<EdgeAnswer>((resolve, reject) => {
      const fail = (error: Error): void => {
        const reason = limited.aborted ? `no answer within ${timeoutMs / 1000} s` : networkReason(error);
        reject(signal.aborted ? (signal.reason as Error) : new Error(`${host} cannot be reached: ${reason}.`));
      };
      // No connection is kept: after a move, an old connection would still answer for the name.
      const content = posted === undefined ? undefined : JSON.stringify(posted);
      const typed = content !== undefined && {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(content),
      };
      const sent = { ...headers, host, accept: "application/json", ...typed };
      const method = content === undefined ? "GET" : "POST";
      const call = send(target, { method, headers: sent, agent: false, signal: limited });
      call.once("error", fail);
      call.once("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece: string) => {
          text += piece;
          if (text.length > LONGEST_BODY_BYTES) response.destroy(new Error("the answer is too long"));
        });
        response.once("error", fail);
        response.once("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            body: parseJson(text),
            text,
            servedBy: mark !== undefined && response.headers[mark.header] !== undefined ? mark.host : undefined,
          });
        });
      });
      call.end(content);
    });
  };
}
