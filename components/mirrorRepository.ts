import { ActionsRepositoryPermissions } from "@pulumi/github/actionsRepositoryPermissions.js";
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

/** A private repository with a second copy of the app's code, whose workflows do not run. `castchat-recovery mirror` fills it. */
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

    // A mirror has the workflows of its source. GitHub runs workflows with a schedule from any default branch where Actions are on, which they
    // are in a new repository. Its provider switches them on again with a deletion, so a destroyed stack leaves this as it is. Sources:
    // https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule and
    // https://docs.github.com/repositories/managing-your-repositorys-settings-and-features/enabling-features-for-your-repository/managing-github-actions-settings-for-a-repository
    new ActionsRepositoryPermissions(
      `${name}-actions`,
      { repository: repository.name, enabled: false },
      { parent: this, retainOnDelete: true },
    );

    this.fullName = repository.fullName;
    this.registerOutputs({ fullName: this.fullName });
  }
}
