import { z } from "zod";
import type { Clock } from "../../clients/clock.ts";
import type { Edge } from "../../clients/edge.ts";
import { messageOf, redact } from "../../clients/errors.ts";
import { poll } from "../../clients/polling.ts";
import type { Patience } from "../../clients/polling.ts";
import type { Reporter } from "../../clients/reporter.ts";

/** Where the application tells about itself, unless a setting says otherwise. */
export const HEALTH_PATH = "/api/health";

const healthBody = z.object({ status: z.string(), commit: z.string().nullish(), reason: z.string().optional() });

/** What a look at the application found. */
export type ApplicationHealth = { healthy: true; commit: string | undefined } | { healthy: false; reason: string };

/** Asks the application once. It is healthy when it answers 200 and says `{"status":"ok"}`; anything else has a reason. */
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
    if (answer.status === 200 && body?.status === "ok") return { healthy: true, commit: body.commit ?? undefined };
    const said = body
      ? `status "${body.status}"${body.reason ? ` (${redact(body.reason)})` : ""}`
      : answer.excerpt || "nothing";
    return { healthy: false, reason: `${host}${path} answers ${answer.status}: ${said}` };
  } catch (error) {
    signal.throwIfAborted();
    return { healthy: false, reason: messageOf(error).replace(/\.$/, "") };
  }
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
  notYet?: (commit: string | undefined) => string | undefined;
}): Promise<{ commit: string | undefined }> {
  const { edge, address, path, signal } = options;
  return poll<{ commit: string | undefined }>(
    async () => {
      const health = await applicationHealth(edge, address, path, signal);
      if (!health.healthy) return { waitingFor: health.reason };
      const reason = options.notYet?.(health.commit);
      return reason === undefined ? { done: { commit: health.commit } } : { waitingFor: reason };
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
