import * as pulumi from "@pulumi/pulumi";

export interface ProbeNameArgs {
  /** The name, in the zone of the public names. */
  readonly probeName: pulumi.Input<string>;
  readonly zoneName: pulumi.Input<string>;
  /** Vercel's id of the project that it leads to. */
  readonly projectId: pulumi.Input<string>;
}

/** A name that leads to the standby's project ahead of a recovery: its Vercel domain and its Cloudflare record. No visitor uses it. */
export class ProbeName extends pulumi.CustomResource {
  /** The name; empty while its zone does not exist. */
  declare readonly keptName: pulumi.Output<string>;

  constructor(name: string, args: ProbeNameArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:ProbeName", name, { ...args, state: undefined, keptName: undefined }, opts);
  }
}
