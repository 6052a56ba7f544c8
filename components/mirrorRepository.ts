import { ActionsRepositoryPermissions } from "@pulumi/github/actionsRepositoryPermissions.js";
import { Repository } from "@pulumi/github/repository.js";
import * as pulumi from "@pulumi/pulumi";

import { MirrorProject } from "./recovery/mirrorProject.ts";

export interface MirrorRepositoryArgs {
  /** The mirrored repository, as owner/name. */
  readonly mirrorOf: string;
  /** Name of its mirror on GitHub, under the GitHub provider's owner. @default - none there */
  readonly repositoryName?: string | undefined;
  /** Path of its mirror on GitLab, with the groups. @default - none there */
  readonly gitlabProject?: string | undefined;
  /** Refuse to delete them. @default true */
  readonly protect?: boolean;
}

/**
 * The private mirrors of a repository, whose workflows and pipelines do not run. `castchat-recovery mirror` fills them. Branches get their protection
 * only there, once they are there (`protectBranch` of services/codeHost/codeHost.ts).
 */
export class MirrorRepository extends pulumi.ComponentResource {
  constructor(name: string, args: MirrorRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:MirrorRepository", name, {}, opts);
    const { repositoryName, gitlabProject, mirrorOf, protect = true } = args;
    if (repositoryName !== undefined) this.#onGithub(name, repositoryName, mirrorOf, protect);
    if (gitlabProject !== undefined)
      new MirrorProject(`${name}-gitlab`, { fullName: gitlabProject, mirrorOf }, { parent: this, protect });
    this.registerOutputs({});
  }

  #onGithub(name: string, repositoryName: string, mirrorOf: string, protect: boolean): void {
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
  }
}
