import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import * as vercel from "@pulumiverse/vercel";

import type { Database } from "./database.ts";
import { AppDeployment } from "./recovery/appDeployment.ts";

/** What is deployed and which database it works on. */
export interface ApplicationRelease {
  /** The repository's https clone address. */
  readonly sourceUrl: string;
  /** The branch to deploy. */
  readonly sourceRef: string;
  /** The database that the app is connected to; the deployment waits until it is restored. */
  readonly database: Database;
}

export interface ApplicationArgs {
  /** Name of the Vercel project. */
  readonly projectName: string;
  /**
   * Deploy the app.
   * @default - the project stays empty, ready for a recovery
   */
  readonly release?: ApplicationRelease;
  /**
   * Refuse to delete the project. The deployment is never protected: a new commit takes the place of the one before.
   * @default true
   */
  readonly protect?: boolean;
}

/**
 * What a new project is given, said instead of left to Vercel: its standard protection, and system variables, by which a deployment knows
 * its own id. It is not compared again: for any difference the provider sends almost every setting of a project, and takes away what it
 * isn't told of, such as a stronger protection or a password that was set in Vercel (client/project.go, UpdateProjectRequest). AppDeployment
 * looks to the system variables of projects that are there already.
 */
const AT_CREATION = {
  // As the provider's validator has it; its description says it in other words.
  vercelAuthentication: { deploymentType: "standard_protection_new" },
  automaticallyExposeSystemEnvironmentVariables: true,
};

/** CastChat's app on Vercel: the project and, where asked, its environment and a healthy deployment. */
export class Application extends pulumi.ComponentResource {
  /** Vercel's id of the project. */
  readonly projectId: pulumi.Output<string>;
  /** The deployment; undefined while the project is empty. */
  readonly deployment: AppDeployment | undefined;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:Application", name, {}, opts);
    const { projectName, release, protect = true } = args;

    // No `framework`: with one set, the provider calls a further host that a recovery would then depend on.
    const project = new vercel.Project(
      `${name}-project`,
      { name: projectName, ...AT_CREATION },
      { parent: this, protect, ignoreChanges: Object.keys(AT_CREATION) },
    );
    this.projectId = project.id;
    this.deployment = release ? this.#deploy(name, projectName, release) : undefined;
    this.registerOutputs({ projectId: this.projectId });
  }

  /**
   * The deployment's own address.
   * @throws {pulumi.ResourceError} while the project is empty
   */
  get deploymentUrl(): pulumi.Output<string> {
    if (!this.deployment) throw new pulumi.ResourceError("The app has no deployment; give it a release.", this, true);
    return this.deployment.url;
  }

  #deploy(name: string, projectName: string, { sourceUrl, sourceRef, database }: ApplicationRelease): AppDeployment {
    const environment = {
      DATABASE_URL: database.connectionString,
      SUPABASE_URL: database.apiUrl,
      SUPABASE_ANON_KEY: database.anonKey,
    };
    const variables = new vercel.ProjectEnvironmentVariables(
      `${name}-environment`,
      {
        projectId: this.projectId,
        variables: Object.entries(environment).map(([key, value]) => ({
          key,
          value,
          targets: ["production"],
          sensitive: true,
        })),
      },
      // Not before it is restored: what is built meanwhile, by whomever, must not work on half of it.
      { parent: this, dependsOn: [database] },
    );
    return new AppDeployment(
      `${name}-deployment`,
      {
        projectId: this.projectId,
        projectName,
        sourceUrl,
        sourceRef,
        environmentHash: pulumi.output(environment).apply(environmentHash),
      },
      { parent: this, dependsOn: [database, variables] },
    );
  }
}

/**
 * SHA-256 of an environment, independent of the order of its names.
 *
 * @internal exported for its property test
 */
export function environmentHash(environment: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(environment).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(pairs)).digest("hex");
}
