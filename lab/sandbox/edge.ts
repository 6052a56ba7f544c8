import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { hexId } from "./emulators/http.ts";
import { closeServer, listen, passOn } from "./host/servers.ts";
import type { AppRunner, DeploymentLookup, NameRecords } from "./host/services.ts";

/** Suffix of the platform's own addresses. */
const PLATFORM_SUFFIX = ".vercel.app";
/** Target of a public name's record. */
const PLATFORM_NAME = "cname.vercel-dns.com";

/** Cloudflare's status for a name that doesn't lead to the platform. */
const NOT_THE_PLATFORM = 530;
/** Header with a secret that opens a protected host (Vercel, "Protection Bypass for Automation"). */
const BYPASS_HEADER = "x-vercel-protection-bypass";
/** The answer for a visitor of a protected host without a login: status 401 and a page that leads to the login. */
const LOGIN_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authentication Required</title></head>
<body><p>This page stands for Vercel's login.</p></body></html>`;

/** A host's deployment, or the status and text for the visitor. */
export type Resolution = { deploymentId: string } | { status: number; reason: string; page?: string };

/**
 * The deployment for a visitor of `host`, found as on the internet. The platform's own addresses lead there directly. Every other name
 * needs a DNS record that leads to the platform, and a verified domain in a project. A protected deployment is open to a visitor with one
 * of its secrets.
 */
export function resolveDeployment(
  host: string,
  names: NameRecords,
  platform: DeploymentLookup,
  secret?: string,
): Resolution {
  if (!host.endsWith(PLATFORM_SUFFIX)) {
    const target = names.resolveCname(host);
    if (target === undefined)
      return { status: NOT_THE_PLATFORM, reason: `error code: 1016 (no DNS record for ${host})` };
    if (target !== PLATFORM_NAME && !target.endsWith(PLATFORM_SUFFIX)) {
      return { status: NOT_THE_PLATFORM, reason: `error code: 1016 (${host} leads to ${target})` };
    }
  }
  const found = platform.resolveHost(host);
  if (found === undefined) return { status: 404, reason: "DEPLOYMENT_NOT_FOUND" };
  if (found.secrets !== undefined && (secret === undefined || !found.secrets.includes(secret))) {
    return { status: 401, reason: "Authentication Required", page: LOGIN_PAGE };
  }
  if (found.paused) return { status: 503, reason: "DEPLOYMENT_PAUSED" };
  // The app's files are not served here: its health answer is not one of them.
  return found.isStatic === true ? { status: 404, reason: "NOT_FOUND" } : { deploymentId: found.deploymentId };
}

type Resolve = (host: string, secret: string | undefined) => Resolution;

/** The address that replaces the internet in front of the deployed apps. Routes by the Host header. */
export class EdgeProxy {
  readonly #resolve: Resolve;
  readonly #apps: Pick<AppRunner, "portOf">;
  #server: Server | undefined;

  constructor(resolve: Resolve, apps: Pick<AppRunner, "portOf">) {
    this.#resolve = resolve;
    this.#apps = apps;
  }

  /** Starts to listen. UserError if the port is in use. */
  async open(port: number): Promise<void> {
    const server = createServer((request, response) => this.#serve(request, response));
    await listen(server, port, "edge proxy");
    this.#server = server;
  }

  /** Stops to listen, and cuts every connection. */
  async close(): Promise<void> {
    if (this.#server !== undefined) await closeServer(this.#server);
    this.#server = undefined;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
    const bypass = request.headers[BYPASS_HEADER];
    const found = this.#resolve(host, typeof bypass === "string" ? bypass : undefined);
    // Vercel's edge names the regions of a request in each answer, but not the deployment.
    if (!("reason" in found) || found.status !== NOT_THE_PLATFORM) {
      response.setHeader("x-vercel-id", `local1::local1::${hexId(20)}`);
    }
    if ("reason" in found) {
      refuse(request, response, found);
      return;
    }
    const port = this.#apps.portOf(found.deploymentId);
    if (port === undefined) {
      refuse(request, response, FAILED);
      return;
    }
    const headers = {
      ...request.headers,
      "x-forwarded-host": host,
      "x-forwarded-proto": "https",
      connection: "close",
    };
    passOn(request, response, { port, headers }, () => refuse(request, response, FAILED));
  }
}

const FAILED = { status: 502, reason: "FUNCTION_INVOCATION_FAILED" };

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, reason, page }: { status: number; reason: string; page?: string },
): void {
  request.resume();
  const type = page === undefined ? "text/plain" : "text/html";
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    ...(page ? {} : { "x-vercel-error": reason }),
  });
  response.end(page ?? `${reason}\n`);
}
