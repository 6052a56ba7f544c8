import * as pulumi from "@pulumi/pulumi";

import type { HealthAnswer } from "../../settings/healthAnswer.ts";

export interface TrafficSwitchArgs {
  /** The name to take, such as app.example.com. */
  readonly publicName: pulumi.Input<string>;
  /** The name's DNS zone. */
  readonly zoneName: pulumi.Input<string>;
  /** Vercel's id of the name's project. */
  readonly projectId: pulumi.Input<string>;
  /** Address of a healthy deployment of that project. */
  readonly deploymentUrl: pulumi.Input<string>;
  /** Name of the stack that takes the name. */
  readonly stack: pulumi.Input<string>;
  /** To take the name over from another stack, a generation higher than that stack's. */
  readonly generation: pulumi.Input<number>;
  /** Take the name even if it leads to a site that no stack holds. @default false */
  readonly takeover?: pulumi.Input<boolean>;
  /** The name as the same run has read it. If it has changed by the time of the switch, nothing is moved. @default - no comparison */
  readonly shown?: pulumi.Input<string[]>;
  /** Do not start Vercel's scheduled calls of the project once the name leads there. @default false */
  readonly withoutScheduledCalls?: boolean;
  /** Path at which the app answers for its health. @default "/api/health" */
  readonly healthPath?: pulumi.Input<string>;
  /** The answer there that says that the app works. @default - 200 with {"status":"ok"} */
  readonly healthAnswer?: HealthAnswer;
}

/** The only owner of a public name: the Vercel domain, the Cloudflare record and the lease with the name's holder. */
export class TrafficSwitch extends pulumi.CustomResource {
  /** Name of the TXT record that holds the lease. */
  declare readonly leaseName: pulumi.Output<string>;
  /** The lease that was taken over; null if no other stack held the name. */
  declare readonly previousHolder: pulumi.Output<string | null>;
  /** Cloudflare's id of the name's record. */
  declare readonly recordId: pulumi.Output<string>;
  /** Milliseconds until the name led to the deployment. */
  declare readonly durationMs: pulumi.Output<number>;

  constructor(name: string, args: TrafficSwitchArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { leaseName: undefined, previousHolder: undefined, recordId: undefined, durationMs: undefined };
    super("recovery:index:TrafficSwitch", name, { ...args, ...outputs }, opts);
  }
}
