import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { LOOPBACK } from "./ports.ts";
import { closeServer, listen } from "./servers.ts";
import type { AppRunner, DeploymentLookup, NameRecords } from "./services.ts";

/** Where the platform's own addresses end. */
const PLATFORM_SUFFIX = ".vercel.app";
/** What a public name's record has to lead to. */
const PLATFORM_NAME = "cname.vercel-dns.com";

/** A host's deployment, or the status and text that a visitor sees instead. */
export type Resolution = { deploymentId: string } | { status: number; reason: string };

/**
 * Which deployment a visitor of `host` gets, following the same steps as on the internet: the platform's own addresses lead
 * there at once; every other name needs a DNS record that leads to the platform and a verified domain in one of its projects.
 */
export function resolveDeployment(host: string, names: NameRecords, platform: DeploymentLookup): Resolution {
  if (!host.endsWith(PLATFORM_SUFFIX)) {
    const target = names.resolveCname(host);
    if (target === undefined) return { status: 530, reason: `error code: 1016 (no DNS record for ${host})` };
    if (target !== PLATFORM_NAME && !target.endsWith(PLATFORM_SUFFIX)) {
      return { status: 530, reason: `error code: 1016 (${host} leads to ${target})` };
    }
  }
  const found = platform.resolveHost(host);
  if (found === undefined) return { status: 404, reason: "DEPLOYMENT_NOT_FOUND" };
  return found.paused ? { status: 503, reason: "DEPLOYMENT_PAUSED" } : { deploymentId: found.deploymentId };
}

/** The one address that stands for the internet in front of the deployed apps: routes by the Host header. */
export class EdgeProxy {
  readonly #resolve: (host: string) => Resolution;
  readonly #apps: Pick<AppRunner, "portOf">;
  #server: Server | undefined;

  constructor(resolve: (host: string) => Resolution, apps: Pick<AppRunner, "portOf">) {
    this.#resolve = resolve;
    this.#apps = apps;
  }

  /** Starts to listen. A port in use is a UserError. */
  async open(port: number): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response));
    await listen(server, port, "edge proxy");
    this.#server = server;
  }

  /** Stops to listen and cuts every connection. */
  async close(): Promise<void> {
    if (this.#server !== undefined) await closeServer(this.#server);
    this.#server = undefined;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
    const found = this.#resolve(host);
    if ("reason" in found) {
      refuse(request, response, found.status, found.reason);
      return;
    }
    const port = this.#apps.portOf(found.deploymentId);
    if (port === undefined) {
      refuse(request, response, 502, "FUNCTION_INVOCATION_FAILED");
      return;
    }
    const upstream = httpRequest(
      {
        host: LOOPBACK,
        port,
        method: request.method,
        path: request.url,
        headers: { ...request.headers, "x-forwarded-host": host, "x-forwarded-proto": "https", connection: "close" },
      },
      (answered) => {
        response.writeHead(answered.statusCode ?? 502, { ...answered.headers, "x-vercel-id": found.deploymentId });
        answered.pipe(response);
        answered.once("error", () => response.destroy());
      },
    );
    upstream.once("error", () => {
      if (response.headersSent) response.destroy();
      else refuse(request, response, 502, "FUNCTION_INVOCATION_FAILED");
    });
    response.once("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    request.pipe(upstream);
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, reason: string): void {
  request.resume();
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "x-vercel-error": reason });
  response.end(`${reason}\n`);
}
