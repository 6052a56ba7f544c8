import type { AppHost } from "../../services/appHost/appHost.ts";
import type { Deployment } from "../../services/appHost/deployment.ts";
import type { Healthy } from "./applicationHealth.ts";

/** The deployment that a public name is to lead to, and its own answer. */
export interface TrafficTarget {
  deployment: Deployment;
  health: Healthy;
}

/** What an app does so that its answers prove which deployment gave them. */
export function howToProve({ deploymentVariable }: AppHost): string {
  return `let the health answer name its deployment ("deployment": process.env.${deploymentVariable})`;
}

/**
 * Why a healthy answer under a public name does not prove that the name leads to the target; undefined if it does. An equal commit never
 * proves it: two sites are normally built from the same commit, and an app need not name it. Another commit disproves it.
 * - An answer that names its deployment decides.
 * - Otherwise the app host must serve the name from the target, and the answer must have come through its edge. An old DNS answer that
 *   leads elsewhere lacks the edge's mark, and one that leads to the app host is served by the name only.
 */
export async function trafficDoubt(
  appHost: AppHost,
  publicName: string,
  target: TrafficTarget,
  answer: Healthy,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { deployment, health } = target;
  if (answer.deployment !== undefined) {
    return answer.deployment === deployment.id
      ? undefined
      : `${publicName} still answers from deployment ${answer.deployment}, not ${deployment.id}`;
  }
  if (health.deployment !== undefined) {
    return `${publicName} answers without a deployment, but ${deployment.id} names itself`;
  }
  if (answer.commit !== health.commit) {
    return `${publicName} still answers with commit ${answer.commit ?? "unknown"}, not ${health.commit ?? "unknown"}`;
  }
  if (answer.servedBy !== appHost.name)
    return `${publicName} is not answered by ${appHost.name} yet, and the answer names no deployment`;
  const served = await appHost.servedFrom(publicName, signal);
  if (served === deployment.id) return undefined;
  const from = served === undefined ? "no deployment" : `deployment ${served}`;
  return `${appHost.name} serves ${publicName} from ${from}, not from ${deployment.id}`;
}
