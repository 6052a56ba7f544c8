import type { Edge, EdgeAnswer } from "../../services/appHost/edge.ts";
import type { Vercel } from "../../services/appHost/vercel.ts";
import { REDACTED } from "../../services/common/errors.ts";

/** How Vercel shows the secret that is made here. */
const BYPASS_NOTE = "castchat-recovery asks deployments for their health";
/** https://vercel.com/docs/deployment-protection/methods-to-bypass-deployment-protection/protection-bypass-automation */
const BYPASS_HEADER = "x-vercel-protection-bypass";
/** Where the addresses that Vercel generates end. */
const GENERATED = ".vercel.app";
/** Fewer characters of a secret than these give nothing away. */
const SHORTEST_CUT = 4;

/**
 * An edge that reaches a protected deployment: Standard Protection, which every new project has, answers 401 on all addresses that
 * Vercel generates, production's included. Requests to `address`, where Vercel has generated it, carry one of the project's bypass
 * secrets; a project without one gets one. The project's protection stays as it is, and requests to other hosts carry no secret.
 *
 * The secret is read from Vercel each time and kept nowhere. The official resource for it has the secret in its id
 * (terraform-provider-vercel v5.4.1, vercel/resource_project_protection_bypass.go), which a state holds in clear and the engine shows; and
 * a recovery would still use it after it was revoked in Vercel.
 */
export async function edgeThroughProtection(
  ports: { edge: Edge; vercel: Vercel },
  projectId: string,
  address: string,
  signal: AbortSignal,
): Promise<Edge> {
  const { origin, host } = new URL(address);
  if (!host.endsWith(GENERATED)) return ports.edge;
  const secret = await bypassSecret(ports.vercel, projectId, signal);
  return async (url, at, headers) => {
    if (new URL(url).origin !== origin) return ports.edge(url, at, headers);
    return without(secret, await ports.edge(url, at, { ...headers, [BYPASS_HEADER]: secret }));
  };
}

/** Ours, or any other that the project has: a second one would open no more. */
async function bypassSecret(vercel: Vercel, projectId: string, signal: AbortSignal): Promise<string> {
  const there = await vercel.bypasses(projectId, signal);
  const [first] = there;
  const known = there.find(({ note }) => note === BYPASS_NOTE) ?? first;
  if (known !== undefined) return known.secret;
  const [made] = await vercel.addBypass(projectId, BYPASS_NOTE, signal);
  if (made === undefined) {
    throw new Error(
      `Vercel made no bypass secret for project ${projectId}, so its deployments cannot be asked for their health: run again.`,
    );
  }
  return made.secret;
}

/** An app may show the headers that it was asked with. */
function without(secret: string, answer: EdgeAnswer): EdgeAnswer {
  const text = answer.body === undefined ? undefined : JSON.stringify(answer.body).replaceAll(secret, REDACTED);
  const body = text === undefined ? undefined : (JSON.parse(text) as unknown);
  return { ...answer, body, excerpt: withoutCut(answer.excerpt.replaceAll(secret, REDACTED), secret) };
}

/** An excerpt may end in the middle of the secret. */
function withoutCut(whole: string, secret: string): string {
  for (let length = secret.length - 1; length >= SHORTEST_CUT; length -= 1) {
    if (whole.endsWith(secret.slice(0, length))) return whole.slice(0, -length) + REDACTED;
  }
  return whole;
}
