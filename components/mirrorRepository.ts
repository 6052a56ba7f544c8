import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";

export interface MirrorRepositoryArgs {
  /** Name of the repository, under the GitHub provider's owner. */
  readonly repositoryName: string;
  /** What it is a mirror of, as owner/name. */
  readonly mirrorOf: string;
  /**
   * Refuse to delete it.
   * @default true
   */
  readonly protect?: boolean;
}

/** A private repository that holds the app's code a second time. `castchat-recovery mirror` fills it. */
export class MirrorRepository extends pulumi.ComponentResource {
  /** owner/name. */
  readonly fullName: pulumi.Output<string>;

  constructor(name: string, args: MirrorRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:MirrorRepository", name, {}, opts);
    const { repositoryName, mirrorOf, protect = true } = args;

    const repository = new github.Repository(
      `${name}-repository`,
      {
        name: repositoryName,
        description: `Mirror of ${mirrorOf}; written by castchat-recovery alone`,
        visibility: "private",
        hasIssues: false,
        hasProjects: false,
        hasWiki: false,
        // Deleting it in the program archives it at GitHub.
        archiveOnDestroy: true,
      },
      { parent: this, protect },
    );

    this.fullName = repository.fullName;
    this.registerOutputs({ fullName: this.fullName });
  }
}
