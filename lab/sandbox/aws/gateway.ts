import { createHmac } from "node:crypto";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";

import type { Clock } from "../../../services/common/clock.ts";
import { closeServer, listen, passOn } from "../host/servers.ts";
import { type Refusal, refusalAnswer } from "./refusal.ts";
import { isOutOfTime, isSignedWith, needsBody, readSignature, type Signature } from "./signature.ts";

/** The settings of a region's gateway. */
export interface GatewayOptions {
  region: string;
  /** Port of the region's endpoint. */
  port: number;
  /** Port of ministack, which all regions share. */
  upstreamPort: number;
  /** The account's root key. ministack checks IAM users' keys and their policies. */
  accessKeyId: string;
  secretAccessKey: string;
  clock: Clock;
}

/** Services with one endpoint for the whole world: signed for us-east-1, whatever the client's region. */
const GLOBAL_SERVICES = new Set([
  "iam",
  "route53",
  "cloudfront",
  "organizations",
  "sts",
  "budgets",
  "globalaccelerator",
]);
/** Keys that ministack accepts as root without checking the signature; the gateway refuses them. */
const KEYS_WITHOUT_CHECK = /^(test|\d{12})$/;
/** Bodies without a hash header (all but S3's) are held in memory to check them; AWS's own limits are below this size. */
const MAXIMUM_HELD_BODY = 16 * 1024 * 1024;
/** The header by which ministack knows a gateway's requests (start_ministack.py). */
const GATEWAY_HEADER = "x-castchat-gateway";

/** The value of that header: it is derived from the root's secret key, which only the gateways know. */
export function gatewaySecret(secretAccessKey: string): string {
  return createHmac("sha256", secretAccessKey).update("castchat-recovery sandbox gateway").digest("hex");
}

/** Headers of one connection, which are not passed on (RFC 9110, 7.6.1); `expect` has been answered here. */
const CONNECTION_HEADERS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "expect",
]);

/**
 * The endpoint of one AWS region. It checks key, signature, time and region as AWS does, and then passes the request to ministack.
 *
 * A closed gateway is a region in an outage: nothing listens. Bodies are streamed both ways.
 */
export class RegionGateway {
  readonly #options: GatewayOptions;
  readonly #secret: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 30_000 });
  #server: Server | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#secret = gatewaySecret(options.secretAccessKey);
  }

  /** Whether the region's endpoint accepts connections. */
  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** Starts to listen. UserError if the port is in use. */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      );
    });
    await listen(server, this.#options.port, `AWS ${this.#options.region}`);
    this.#server = server;
  }

  /** Stops to listen, and cuts every connection, even during a request. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#agent.destroy();
    if (server !== undefined) await closeServer(server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query] = splitOnce(request.url ?? "/", "?");
    const signed = { method: request.method ?? "GET", path, query, headers: request.headers };
    const signature = readSignature(signed);
    const refuse = (refusal: Refusal) => answer(request, response, refusal, signature?.service);
    const early = this.#refusalOf(signature);
    if (signature === undefined || early !== undefined) {
      refuse(early ?? { reason: "noSignature" });
      return;
    }
    let body: Buffer | undefined;
    if (signature.accessKeyId === this.#options.accessKeyId) {
      if (needsBody(signature, request.headers)) body = await readBody(request);
      if (!isSignedWith(this.#options.secretAccessKey, signature, signed, body ?? Buffer.alloc(0))) {
        refuse({ reason: "wrongSignature" });
        return;
      }
    }
    // AWS is only reached over TLS. Policies that demand TLS see it, although the sandbox uses plain HTTP.
    const headers = {
      ...passedOn(request.headers),
      "x-forwarded-proto": "https",
      [GATEWAY_HEADER]: this.#secret,
    };
    const upstream = { port: this.#options.upstreamPort, agent: this.#agent, headers, body, headersOf: passedOn };
    passOn(request, response, upstream, () => refuse({ reason: "unavailable" }));
  }

  #refusalOf(signature: Signature | undefined): Refusal | undefined {
    if (signature === undefined) return { reason: "noSignature" };
    const { region, clock } = this.#options;
    if (KEYS_WITHOUT_CHECK.test(signature.accessKeyId))
      return { reason: "unknownKey", accessKeyId: signature.accessKeyId };
    if (signature.region !== region && !(GLOBAL_SERVICES.has(signature.service) && signature.region === "us-east-1")) {
      return { reason: "wrongRegion", signed: signature.region, expected: region };
    }
    return isOutOfTime(signature, clock()) ? { reason: "outOfTime" } : undefined;
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  service: string | undefined,
): void {
  const { status, headers, body } = refusalAnswer(refusal, service, request.headers);
  // The rest of a refused upload is read and dropped, so that the client sees the answer.
  request.resume();
  response.writeHead(status, headers);
  response.end(request.method === "HEAD" ? undefined : body);
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !CONNECTION_HEADERS.has(entry[0]),
    ),
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAXIMUM_HELD_BODY) throw new Error("the request's body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
