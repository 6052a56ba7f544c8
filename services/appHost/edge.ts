import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

import { realTiming } from "../common/timing.ts";
import { networkReason } from "../http/http.ts";

/** What a public address answered. */
export interface EdgeAnswer {
  status: number;
  /** The body as JSON, or undefined when it is none. */
  body: unknown;
  /** First characters of the body, for messages. */
  excerpt: string;
  /** The app host whose edge has marked the answer; undefined for an answer of any other server. */
  servedBy: string | undefined;
}

/** Asks a public address the way a visitor does, with further headers where given. Throws the reason when nothing answers. */
export type Edge = (
  url: string,
  signal: AbortSignal,
  headers?: Readonly<Record<string, string>>,
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
  /**
   * When set, every request goes to this address by plain HTTP, with the public name in its Host header: a way to ask
   * before a name leads anywhere, or where names are not served at all.
   */
  endpoint?: string | undefined;
  /** The mark to look for. */
  mark?: EdgeMark | undefined;
  /** Patience with one request, in milliseconds. @default - `edgeSilenceMs` of {@link realTiming} */
  timeoutMs?: number;
}

/** A health answer is small; whatever is longer is not read. */
const LONGEST_BODY_BYTES = 64 * 1024;

/** A client of the public edge. node:http and not fetch, as fetch decides on the Host header by itself. */
export function edgeClient(options: EdgeOptions = {}): Edge {
  const { endpoint, mark, timeoutMs = realTiming.edgeSilenceMs } = options;
  return (address, signal, headers = {}) => {
    const url = new URL(address);
    const target = endpoint === undefined ? url : new URL(url.pathname + url.search, endpoint);
    const send = target.protocol === "http:" ? httpRequest : httpsRequest;
    const host = url.host;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    return new Promise<EdgeAnswer>((resolve, reject) => {
      const fail = (error: Error): void => {
        const reason = limited.aborted ? `no answer within ${timeoutMs / 1000} s` : networkReason(error);
        reject(signal.aborted ? (signal.reason as Error) : new Error(`${host} cannot be reached: ${reason}.`));
      };
      // No connection is kept: a name that has moved must not be answered through an old one.
      const sent = { ...headers, host, accept: "application/json" };
      const call = send(target, { headers: sent, agent: false, signal: limited });
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
            body: jsonOf(text),
            excerpt: text.slice(0, 200).trim(),
            servedBy: mark !== undefined && response.headers[mark.header] !== undefined ? mark.host : undefined,
          });
        });
      });
      call.end();
    });
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
