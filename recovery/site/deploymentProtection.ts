import type { AppHost } from "../../services/appHost/appHost.ts";
import type { Edge, EdgeAnswer } from "../../services/appHost/edge.ts";
import { REDACTED } from "../../services/common/errors.ts";

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
  return async (url, at, headers, body) => {
    if (new URL(url).origin !== origin) return ports.edge(url, at, headers, body);
    return without(secret, await ports.edge(url, at, { ...headers, [header]: secret }, body));
  };
}

/** An app may show the headers of the request. */
function without(secret: string, { body, text, ...rest }: EdgeAnswer): EdgeAnswer {
  const json = body === undefined ? undefined : JSON.stringify(body).replaceAll(secret, REDACTED);
  return {
    ...rest,
    body: json === undefined ? undefined : (JSON.parse(json) as unknown),
    text: text.replaceAll(secret, REDACTED),
  };
}
