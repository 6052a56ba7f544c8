import * as pulumi from "@pulumi/pulumi";

import type { TrafficSwitchArgs } from "./trafficSwitch.ts";

/** Who asks for a public name. */
export type TrafficLeaseArgs = Pick<TrafficSwitchArgs, "publicName" | "zoneName" | "stack" | "generation">;

/**
 * Asks who holds a public name, also in a preview: a generation that is too low is refused before a recovery has spent its
 * time on a database, not after.
 */
export function checkTrafficLease(
  args: TrafficLeaseArgs,
  opts: pulumi.InvokeOptions,
): pulumi.Output<{ holder: string }> {
  return pulumi.output(pulumi.runtime.invoke("recovery:index:trafficLease", { ...args }, opts)) as pulumi.Output<{
    holder: string;
  }>;
}
