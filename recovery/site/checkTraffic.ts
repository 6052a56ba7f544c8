import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { applicationHealth } from "./applicationHealth.ts";
import {
  healthyTarget,
  permittedMove,
  type TrafficPorts,
  untilServed,
  type WantedMove,
  type WantedTarget,
} from "./trafficMove.ts";

/** All public names of an app, and the deployment to which they are to lead. */
export interface WantedCheck extends WantedTarget, Omit<WantedMove, "publicName" | "takeover" | "shown"> {
  /** A name that leads to the project already, under which the deployment has to answer. It is not asked without one, or if it is empty. */
  probeName?: string | undefined;
  names: readonly Pick<WantedMove, "publicName" | "takeover" | "shown">[];
}

/**
 * Proves, before the first name moves, that all of them could: each is planned with every refusal, and the deployment answers. Throws one error
 * with all faults of all names, a UserError if each of them is one. Changes nothing. Returns what the operator has to know.
 */
export async function checkTraffic(
  ports: TrafficPorts,
  { names, probeName = "", ...wanted }: WantedCheck,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<string[]> {
  const notes: string[] = [];
  const looks = [
    answeringTarget(ports, wanted, { probeName, names }, signal, reporter).then((found) => void notes.push(...found)),
    ...names.map((name) => permittedMove(ports, { ...wanted, ...name }, signal)),
  ];
  const faults = (await Promise.allSettled(looks)).flatMap((look) =>
    look.status === "rejected" ? [look.reason as unknown] : [],
  );
  signal.throwIfAborted();
  if (faults.length === 0) return notes;
  if (faults.length === 1) throw faults[0];
  const messages = faults.map((fault) => `- ${messageOf(fault)}`);
  const message = [`No public name was moved, for ${faults.length} reasons:`, ...messages].join("\n");
  if (faults.every((fault) => fault instanceof UserError)) throw new UserError(message);
  throw new AggregateError(faults, message);
}

/**
 * Proves the target by its own address, and by a name of the zone: DNS, certificate and the app host's routing. While no site answers under the
 * public names, an unanswered probe is only a note: visitors have nothing to lose.
 */
async function answeringTarget(
  ports: TrafficPorts,
  wanted: WantedTarget,
  { probeName, names }: Pick<WantedCheck, "names"> & { probeName: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<string[]> {
  const target = await healthyTarget(ports, wanted, signal);
  if (probeName === "") return [];
  reporter(`waiting until ${probeName} answers from ${wanted.deploymentUrl}`);
  const advice = `This is the probe name ${probeName}. Mend its record or its certificate.`;
  try {
    await untilServed(ports, probeName, { contract: wanted, target, advice }, signal, reporter);
    return [];
  } catch (error) {
    signal.throwIfAborted();
    const healths = names.map(({ publicName }) =>
      applicationHealth(ports.edge, `https://${publicName}`, wanted, signal),
    );
    const isServed = (await Promise.all(healths)).some(({ healthy }) => healthy);
    const message = messageOf(error);
    if (isServed)
      throw new Error(
        `${message} No public name was moved, since the site before still answers. Then run the same command again.`,
        {
          cause: error,
        },
      );
    return [`${message} The public names were moved all the same, since no site answered under them.`];
  }
}
