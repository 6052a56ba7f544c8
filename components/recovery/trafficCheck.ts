import * as pulumi from "@pulumi/pulumi";

import type { TrafficSwitchArgs } from "./trafficSwitch.ts";

/** One public name of an app, as its switch has it. */
export type CheckedName = Pick<TrafficSwitchArgs, "publicName" | "takeover" | "shown">;

/** The names of an app, and where their switches are to lead them. */
export interface TrafficCheckArgs extends Omit<TrafficSwitchArgs, keyof CheckedName | "withoutScheduledCalls"> {
  readonly names: readonly CheckedName[];
  /** The name that the deployment has to answer under before. Empty without a zone: it is not asked then. @default - not asked */
  readonly probeName?: pulumi.Input<string>;
}

/** The proof that all public names of an app could move to its deployment. No name moves before it. */
export class TrafficCheck extends pulumi.CustomResource {
  constructor(name: string, args: TrafficCheckArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:TrafficCheck", name, { ...args, proven: undefined }, opts);
  }
}
