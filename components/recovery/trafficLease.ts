import * as pulumi from "@pulumi/pulumi";

import type { TrafficSwitchArgs } from "./trafficSwitch.ts";

/** The public name, and the stack and generation that want it. */
export type TrafficLeaseArgs = Pick<TrafficSwitchArgs, "publicName" | "zoneName" | "stack" | "generation">;

/**
 * Checks the lease of a public name, also in a preview. A generation that is too low is refused before a recovery spends time on a
 * database.
 */
export function checkTrafficLease(
  args: TrafficLeaseArgs,
  opts: pulumi.InvokeOptions,
): pulumi.Output<{ holder: string }> {
  return pulumi.output(pulumi.runtime.invoke("recovery:index:trafficLease", { ...args }, opts)) as pulumi.Output<{
    holder: string;
  }>;
}
