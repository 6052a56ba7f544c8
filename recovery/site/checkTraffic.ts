import { messageOf, UserError } from "../../services/common/errors.ts";
import { healthyTarget, permittedMove, type TrafficPorts, type WantedMove, type WantedTarget } from "./trafficMove.ts";

/** All public names of an app, and the deployment to which they are to lead. */
export interface WantedCheck extends WantedTarget, Omit<WantedMove, "publicName" | "takeover" | "shown"> {
  names: readonly Pick<WantedMove, "publicName" | "takeover" | "shown">[];
}

/**
 * Proves, before the first name moves, that all of them could: each is planned with every refusal, and the deployment answers. Throws one error
 * with all faults of all names, a UserError if each of them is one. Changes nothing.
 */
export async function checkTraffic(
  ports: TrafficPorts,
  { names, ...wanted }: WantedCheck,
  signal: AbortSignal,
): Promise<void> {
  const looks = [
    healthyTarget(ports, wanted, signal),
    ...names.map((name) => permittedMove(ports, { ...wanted, ...name }, signal)),
  ];
  const faults = (await Promise.allSettled(looks)).flatMap((look) =>
    look.status === "rejected" ? [look.reason as unknown] : [],
  );
  signal.throwIfAborted();
  if (faults.length === 0) return;
  if (faults.length === 1) throw faults[0];
  const messages = faults.map((fault) => `- ${messageOf(fault)}`);
  const message = [`No public name was moved, for ${faults.length} reasons:`, ...messages].join("\n");
  if (faults.every((fault) => fault instanceof UserError)) throw new UserError(message);
  throw new AggregateError(faults, message);
}
