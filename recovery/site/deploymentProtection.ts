import type { AppHost } from "../../services/appHost/appHost.ts";
import type { Edge, EdgeAnswer } from "../../services/appHost/edge.ts";
import { REDACTED } from "../../services/common/errors.ts";

/** Fewer characters of a secret reveal nothing. */
const SHORTEST_CUT = 4;

/**
 * An edge that reaches a protected deployment: requests to `address` carry the app host's pass, if the host protects that address. The
 * project's protection stays as it is, requests to other hosts carry no secret, and no answer shows it.
 */
export async function edgeThroughProtection(
  ports: { edge: Edge; appHost: AppHost },
  projectId: string,
  address: string,
  signal: AbortSignal,
): Promise<Edge> {
  const pass = await ports.appHost.passFor(projectId, address, signal);
  if (pass === undefined) return ports.edge;
  const { header, secret } = pass;
  const { origin } = new URL(address);
  return async (url, at, headers) => {
    if (new URL(url).origin !== origin) return ports.edge(url, at, headers);
    return without(secret, await ports.edge(url, at, { ...headers, [header]: secret }));
  };
}

/** An app may show the headers of the request. */
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
