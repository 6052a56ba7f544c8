import { z } from "zod";

import { HEALTH_PATH } from "../../planning/names.ts";
import type { Edge, EdgeAnswer } from "../../services/appHost/edge.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf, redact } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Patience } from "../../services/common/timing.ts";

/** The answer that says that the app works. Every condition that is set must hold. */
export interface AcceptedAnswer {
  /** HTTP statuses, each of which is accepted. */
  readonly status: readonly number[];
  /** Keys of a JSON object, and the value that each must have. */
  readonly json?: Readonly<Record<string, string | number | boolean | null>> | undefined;
  /** A text within the body. */
  readonly text?: string | undefined;
}

/** Where an app answers for its health, and how. */
export interface HealthContract {
  /** @default "/api/health" */
  readonly healthPath?: string | undefined;
  /** @default 200 with `{"status":"ok"}` */
  readonly healthAnswer?: AcceptedAnswer | undefined;
}

const USUAL_ANSWER: AcceptedAnswer = { status: [200], json: { status: "ok" } };
/** Characters of an answer that a message shows. */
const SHOWN = 200;

const said = z.string().optional().catch(undefined);
/** What an app may say of itself in its answer (docs/accounts.md). */
const healthBody = z.object({ status: said, commit: said, deployment: said, reason: said }).catch({});

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

/** Asks the application once. It is healthy if it gives the accepted answer. Any other answer has a reason. */
export async function applicationHealth(
  edge: Edge,
  address: string,
  { healthPath = HEALTH_PATH, healthAnswer = USUAL_ANSWER }: HealthContract,
  signal: AbortSignal,
): Promise<ApplicationHealth> {
  const host = new URL(address).host;
  try {
    const answer = await edge(new URL(healthPath, address).href, signal);
    const fault = faultOf(answer, healthAnswer);
    if (fault !== undefined)
      return { healthy: false, reason: `${host}${healthPath} answers ${answer.status}: ${redact(fault)}` };
    const { commit, deployment } = healthBody.parse(answer.body);
    return {
      healthy: true,
      commit: commit || undefined,
      deployment: deployment || undefined,
      servedBy: answer.servedBy,
    };
  } catch (error) {
    signal.throwIfAborted();
    return { healthy: false, reason: messageOf(error).replace(/\.$/, "") };
  }
}

/** Why an answer is not the accepted one. */
function faultOf(answer: EdgeAnswer, { status, json = {}, text }: AcceptedAnswer): string | undefined {
  if (!status.includes(answer.status)) return saidIn(answer);
  for (const [key, wanted] of Object.entries(json)) {
    const value = z.record(z.string(), z.unknown()).safeParse(answer.body).data?.[key];
    if (value !== wanted) return `${saidIn(answer)}, but ${key} must be ${JSON.stringify(wanted)}`;
  }
  if (text !== undefined && !answer.text.includes(text)) return `${saidIn(answer)}, without ${JSON.stringify(text)}`;
  return undefined;
}

function saidIn({ status, body, text, servedBy }: EdgeAnswer): string {
  const { status: word, reason } = healthBody.parse(body);
  if (word !== undefined) return `status "${word}"${reason === undefined ? "" : ` (${reason})`}`;
  if (status === 401 && servedBy !== undefined) return `${servedBy}'s deployment protection asks for a login`;
  return text.slice(0, SHOWN).trim() || "nothing";
}

/** Waits until the application is healthy. Throws an error with the last reason if the time is over. */
export function waitUntilHealthy(options: {
  edge: Edge;
  address: string;
  contract: HealthContract;
  patience: Patience;
  clock: Clock;
  signal: AbortSignal;
  reporter: Reporter;
  /** What to do about it, the end of the message. */
  advice: string;
  /** A further condition on a healthy answer: the reason why it does not count yet. */
  notYet?: (health: Healthy) => Promise<string | undefined>;
}): Promise<Healthy> {
  const { edge, address, contract, signal } = options;
  return poll<Healthy>(
    async () => {
      const health = await applicationHealth(edge, address, contract, signal);
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
