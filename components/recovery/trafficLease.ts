import * as pulumi from "@pulumi/pulumi";

import { invocationFault } from "./invocationFault.ts";
import type { TrafficSwitchArgs } from "./trafficSwitch.ts";

/** The public name, and the stack and generation that want it. */
export type TrafficLeaseArgs = Pick<TrafficSwitchArgs, "publicName" | "zoneName" | "stack" | "generation" | "takeover">;

/** Who holds the public name, in words, and why a recovery could not take it; empty if it could. */
interface Holder {
  holder: string;
  refusal: string;
}

/**
 * Checks the lease of a public name, also in a preview. A generation that is too low is refused before a recovery spends time on a
 * database. Fails with a RunError if the lease can't be read.
 */
export function checkTrafficLease(args: TrafficLeaseArgs, opts: pulumi.InvokeOptions): pulumi.Output<Holder> {
  return pulumi.output(askTrafficLease(args, opts));
}

/**
 * Looks whether a recovery could take a public name, and warns if it could not. A standby does so in each preview, so that the refusal is
 * read before an emergency.
 */
export async function rehearseTakeover(
  args: TrafficLeaseArgs & { readonly publicName: string },
  resource: pulumi.Resource,
  opts: pulumi.InvokeOptions,
): Promise<void> {
  try {
    const { refusal } = await askTrafficLease({ ...args, rehearse: true }, opts);
    if (refusal !== "") await pulumi.log.warn(`A recovery could not take ${args.publicName}: ${refusal}`, resource);
  } catch (error) {
    await pulumi.log.warn(
      `Whether a recovery could take ${args.publicName} is not known: ${(error as Error).message}`,
      resource,
    );
  }
}

/** @internal exported for its test, since an Output that fails ends a process without Pulumi's runtime */
export async function askTrafficLease(
  args: TrafficLeaseArgs & { rehearse?: boolean },
  opts: pulumi.InvokeOptions,
): Promise<Holder> {
  try {
    return (await pulumi.runtime.invoke("recovery:index:trafficLease", { ...args }, opts)) as Holder;
  } catch (error) {
    // The engine prints a RunError as its message, and any other with the stack of Pulumi's runtime.
    throw new pulumi.RunError(invocationFault(error));
  }
}
