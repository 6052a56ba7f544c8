import * as pulumi from "@pulumi/pulumi";

import { invocationFault } from "./invocationFault.ts";
import type { TrafficSwitchArgs } from "./trafficSwitch.ts";

/** The public name, and the stack and generation that want it. */
export type TrafficLeaseArgs = Pick<
  TrafficSwitchArgs,
  "publicName" | "zoneName" | "stack" | "generation" | "takeover"
> & {
  /** The Vercel project that is to have the name. */
  readonly projectName: string;
};

/** Who holds the public name, in words. */
interface Holder {
  holder: string;
  /** Why a recovery could not take it; empty if it could. */
  refusal: string;
  /** What a recovery changes of its records and its domain, a sentence each. */
  changes?: string[];
  /** The name as it is now. */
  seen?: string[];
}

/**
 * Checks the lease of a public name, also in a preview, and says what the run changes of the name. A generation that is too low is refused before
 * a recovery spends time on a database, and so is a name that has changed since the preview. Fails with a RunError if the lease can't be read.
 */
export function checkTrafficLease(
  args: TrafficLeaseArgs,
  resource: pulumi.Resource,
  opts: pulumi.InvokeOptions,
): pulumi.Output<Holder> {
  const asked = askTrafficLease({ ...args, preview: pulumi.runtime.isDryRun() }, opts).then(async (holder) => {
    for (const change of holder.changes ?? []) await pulumi.log.info(change, resource);
    return holder;
  });
  return pulumi.output(asked);
}

/**
 * Looks whether a recovery could take a public name, and warns if it could not. It says what a recovery changes of the name's record. A standby
 * does so in each preview, so that both are read before an emergency.
 */
export async function rehearseTakeover(
  args: TrafficLeaseArgs & { readonly publicName: string },
  resource: pulumi.Resource,
  opts: pulumi.InvokeOptions,
): Promise<void> {
  try {
    const { refusal, changes = [] } = await askTrafficLease({ ...args, rehearse: true }, opts);
    for (const change of changes) await pulumi.log.info(change, resource);
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
  args: TrafficLeaseArgs & { rehearse?: boolean; preview?: boolean },
  opts: pulumi.InvokeOptions,
): Promise<Holder> {
  try {
    return (await pulumi.runtime.invoke("recovery:index:trafficLease", { ...args }, opts)) as Holder;
  } catch (error) {
    // The engine prints a RunError as its message, and any other with the stack of Pulumi's runtime.
    throw new pulumi.RunError(invocationFault(error));
  }
}
