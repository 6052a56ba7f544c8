import * as pulumi from "@pulumi/pulumi";

export interface MirrorProjectArgs {
  /** Path of the project with its groups, which exist already. */
  readonly fullName: pulumi.Input<string>;
  /** The mirrored repository, as owner/name. */
  readonly mirrorOf: pulumi.Input<string>;
}

/** A private project on GitLab with a copy of a repository, whose pipelines do not run. Deleting it archives it. */
export class MirrorProject extends pulumi.CustomResource {
  constructor(name: string, args: MirrorProjectArgs, opts?: pulumi.CustomResourceOptions) {
    super("recovery:index:MirrorProject", name, { ...args }, opts);
  }
}
