import { Repository } from "@pulumi/github/repository.js";
import * as pulumi from "@pulumi/pulumi";

export interface MirrorRepositoryArgs {
  /** Name of the repository, under the GitHub provider's owner. */
  readonly repositoryName: string;
  /** The mirrored repository, as owner/name. */
  readonly mirrorOf: string;
  /** Refuse to delete it. @default true */
  readonly protect?: boolean;
}

/** A private repository with a second copy of the app's code. `castchat-recovery mirror` fills it. */
export class MirrorRepository extends pulumi.ComponentResource {
  /** owner/name. */
  readonly fullName: pulumi.Output<string>;

  constructor(name: string, args: MirrorRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:MirrorRepository", name, {}, opts);
    const { repositoryName, mirrorOf, protect = true } = args;

    const repository = new Repository(
      `${name}-repository`,
      {
        name: repositoryName,
        description: `Mirror of ${mirrorOf}, filled by castchat-recovery`,
        visibility: "private",
        hasIssues: false,
        hasProjects: false,
        hasWiki: false,
        // When the program deletes it, GitHub archives it.
        archiveOnDestroy: true,
      },
      { parent: this, protect },
    );

    this.fullName = repository.fullName;
    this.registerOutputs({ fullName: this.fullName });
  }
}
