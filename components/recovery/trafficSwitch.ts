import * as pulumi from "@pulumi/pulumi";

export interface TrafficSwitchArgs {
  /** The name to take, such as app.example.com. */
  readonly publicName: pulumi.Input<string>;
  /** The DNS zone that the name lies in. */
  readonly zoneName: pulumi.Input<string>;
  /** Vercel's id of the project that the name leads to. */
  readonly projectId: pulumi.Input<string>;
  /** Address of a healthy deployment of that project. */
  readonly deploymentUrl: pulumi.Input<string>;
  /** Who takes it: the stack's name. */
  readonly stack: pulumi.Input<string>;
  /** Taking the name over from another stack needs a higher generation than that stack's. */
  readonly generation: pulumi.Input<number>;
}

/** The one owner of a public name: the Vercel domain, the Cloudflare record and the lease that says who holds them. */
export class TrafficSwitch extends pulumi.CustomResource {
  /** Name of the TXT record that holds the lease. */
  declare readonly leaseName: pulumi.Output<string>;
  /** The lease that was taken over. */
  declare readonly previousHolder: pulumi.Output<string | undefined>;
  /** Cloudflare's id of the name's record. */
  declare readonly recordId: pulumi.Output<string>;
  /** Milliseconds until the name led to the deployment. */
  declare readonly durationMs: pulumi.Output<number>;

  constructor(name: string, args: TrafficSwitchArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { leaseName: undefined, previousHolder: undefined, recordId: undefined, durationMs: undefined };
    super("recovery:index:TrafficSwitch", name, { ...args, ...outputs }, opts);
  }
}
