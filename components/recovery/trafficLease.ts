import * as pulumi from "@pulumi/pulumi";

import type { TrafficSwitchArgs } from "./trafficSwitch.ts";

/** The public name, and the stack and generation that want it. */
export type TrafficLeaseArgs = Pick<TrafficSwitchArgs, "publicName" | "zoneName" | "stack" | "generation">;

/**
 * Checks the lease of a public name, also in a preview. A generation that is too low is refused before a recovery spends time on a
 * database. Rejects with a RunError if the lease can't be read.
 */
export function checkTrafficLease(
  args: TrafficLeaseArgs,
  opts: pulumi.InvokeOptions,
): pulumi.Output<{ holder: string }> {
  const asked = pulumi.runtime.invoke("recovery:index:trafficLease", { ...args }, opts) as Promise<{ holder: string }>;
  return pulumi.output(asked.catch(inOneSentence));
}

/** The engine prints a RunError as its message, and any other with the stack of Pulumi's runtime. */
function inOneSentence(error: unknown): never {
  const { message } = error as Error;
  throw new pulumi.RunError(message.replace(/^invocation of \S+ returned an error: /, ""));
}
