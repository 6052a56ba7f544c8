import { z } from "zod";

import type { Edge, EdgeAnswer } from "../../services/appHost/edge.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, redact } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Patience } from "../../services/common/timing.ts";

const healthBody = z.object({
  status: z.string(),
  commit: z.string().nullish(),
  deployment: z.string().nullish(),
  reason: z.string().optional(),
});

/** A healthy application, and what it reports about itself. */
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
 * Asks the application once. It is healthy if it answers 200 and `{"status":"ok"}`, with `deployment` and `commit` if it knows them
 * (docs/accounts.md). Any other answer has a reason.
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
      const [commit, deployment] = [body.commit || undefined, body.deployment || undefined];
      return { healthy: true, commit, deployment, servedBy: answer.servedBy };
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

/** Waits until the application is healthy. Throws an error with the last reason if the time is over. */
export function waitUntilHealthy(options: {
  edge: Edge;
  address: string;
  path: string;
  patience: Patience;
  clock: Clock;
  signal: AbortSignal;
  reporter: Reporter;
  /** What to do about it, the end of the message. */
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
