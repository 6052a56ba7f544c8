import { z } from "zod";

import type { Edge, EdgeAnswer } from "../../services/appHost/edge.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, redact } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Patience } from "../../services/common/timing.ts";

/** Where the application tells about itself, unless a setting says otherwise. */
export const HEALTH_PATH = "/api/health";

const healthBody = z.object({
  status: z.string(),
  commit: z.string().nullish(),
  deployment: z.string().nullish(),
  reason: z.string().optional(),
});

/** A healthy application, and what it says of itself. */
export interface Healthy {
  healthy: true;
  /** SHA of the commit that it was built from. */
  commit: string | undefined;
  /** The app host's id of the deployment that answered. */
  deployment: string | undefined;
  /** The app host through whose edge the answer came; undefined for any other server. */
  servedBy: string | undefined;
}

/** What a look at the application found. */
export type ApplicationHealth = Healthy | { healthy: false; reason: string };

/**
 * Asks the application once. It is healthy when it answers 200 and says `{"status":"ok"}`, with `deployment` and `commit` beside it where
 * it knows them (docs/accounts.md); anything else has a reason.
 */
export async function applicationHealth(
  edge: Edge,
  address: string,
  path: string,
  signal: AbortSignal,
): Promise<ApplicationHealth> {
  const host = new URL(address).host;
  try {
    const answer = await edge(new URL(path, address).href, signal);
    const body = healthBody.safeParse(answer.body).data;
    if (answer.status === 200 && body?.status === "ok") {
      const { commit, deployment } = body;
      return {
        healthy: true,
        commit: commit || undefined,
        deployment: deployment || undefined,
        servedBy: answer.servedBy,
      };
    }
    return { healthy: false, reason: `${host}${path} answers ${answer.status}: ${said(answer, body)}` };
  } catch (error) {
    signal.throwIfAborted();
    return { healthy: false, reason: messageOf(error).replace(/\.$/, "") };
  }
}

function said(answer: EdgeAnswer, body: z.infer<typeof healthBody> | undefined): string {
  if (body) return `status "${body.status}"${body.reason ? ` (${redact(body.reason)})` : ""}`;
  if (answer.status === 401 && answer.servedBy !== undefined)
    return `${answer.servedBy}'s deployment protection asks for a login`;
  return answer.excerpt || "nothing";
}

/** Waits until the application is healthy. Throws one sentence with the last reason when it does not become so in time. */
export function waitUntilHealthy(options: {
  edge: Edge;
  address: string;
  path: string;
  patience: Patience;
  clock: Clock;
  signal: AbortSignal;
  reporter: Reporter;
  /** What is to be done about it, the end of the sentence. */
  advice: string;
  /** A further condition on a healthy answer: the reason why it does not count yet. */
  notYet?: (health: Healthy) => Promise<string | undefined>;
}): Promise<Healthy> {
  const { edge, address, path, signal } = options;
  return poll<Healthy>(
    async () => {
      const health = await applicationHealth(edge, address, path, signal);
      if (!health.healthy) return { waitingFor: health.reason };
      const reason = await options.notYet?.(health);
      return reason === undefined ? { done: health } : { waitingFor: reason };
    },
    {
      patience: options.patience,
      clock: options.clock,
      signal,
      progress: (state) => options.reporter(`waiting for the application: ${state}`),
      onLimit: (state, elapsed) =>
        new Error(
          `The application did not become healthy within ${Math.round(elapsed / 1000)} s: ${state}. ${options.advice}`,
        ),
    },
  );
}
