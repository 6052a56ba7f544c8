import { createHash } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import { Project } from "@pulumiverse/vercel/project.js";
import { ProjectEnvironmentVariables } from "@pulumiverse/vercel/projectEnvironmentVariables.js";

import { type AppConnection, appConnectionString } from "../planning/appConnection.ts";
import type { AppBuild } from "../settings/appBuild.ts";
import type { HealthAnswer } from "../settings/healthAnswer.ts";
import { projectNameOf } from "../settings/managedParts.ts";
import type { Database } from "./database.ts";
import { managedProject, type ManagedProjectArgs } from "./managedProject.ts";
import { AppDeployment, type StoredBuild } from "./recovery/appDeployment.ts";
import { AppEnvironment, type AppEnvironmentArgs } from "./recovery/appEnvironment.ts";

/** What is deployed, and the database that it uses. */
export interface ApplicationRelease {
  /** The repository's https clone address. */
  readonly sourceUrl: string;
  /** Clone addresses of other copies, which are read in this order if that one cannot be. @default - none */
  readonly fallbackUrls?: readonly string[];
  /** The branch to deploy. */
  readonly sourceRef: string;
  /** The app's database. The deployment waits until it is restored. */
  readonly database: Database;
  /** Where to look for the live app's build settings if `build` is not set. @default - the project keeps its own */
  readonly storedBuild?: StoredBuild;
  /** A name of the project that no visitor uses. @default - there is none */
  readonly probeName?: string;
  /** Leave out the scheduled calls that the source has Vercel make. @default false */
  readonly withoutScheduledCalls?: boolean;
  /** How the app reaches it. @default "transaction" */
  readonly connection?: AppConnection | undefined;
  /** Path at which the app answers for its health. @default "/api/health" */
  readonly healthPath?: string;
  /** The answer there that says that the app works. @default - 200 with {"status":"ok"} */
  readonly healthAnswer?: HealthAnswer;
  /** Its sealed variables. @default - it gets only those of its database */
  readonly sealed?: SealedVariables | undefined;
}

/** Sealed variables, and where they lie. */
export type SealedVariables = Pick<AppEnvironmentArgs, "mode" | "backupId" | "vaultBucket" | "trustedWriterKeys">;

export interface ApplicationArgs {
  /** Name of the Vercel project. */
  readonly projectName: string;
  /** How it is built. @default - Vercel's choices */
  readonly build?: AppBuild | undefined;
  /** The project exists, and is only declared. @default - it is created */
  readonly managed?: Pick<ManagedProjectArgs, "gitRepository" | "managing"> | undefined;
  /** Deploy the app. @default - the project stays empty, ready for a recovery */
  readonly release?: ApplicationRelease;
  /** Refuse to delete the project. The deployment is never protected, because a new commit replaces it. @default true */
  readonly protect?: boolean;
}

/**
 * Settings of a new project that are not left to Vercel's defaults: its standard protection, and system variables, from which a deployment
 * learns its own id. Later differences are ignored: for any difference the provider sends almost every setting of a project, and removes
 * those that it doesn't know, such as a stronger protection or a password set in Vercel (client/project.go, UpdateProjectRequest).
 * AppDeployment handles the system variables of existing projects.
 */
const AT_CREATION = {
  // This is the value that the provider's validator accepts; its description differs.
  vercelAuthentication: { deploymentType: "standard_protection_new" },
  automaticallyExposeSystemEnvironmentVariables: true,
};

/**
 * The build settings that a project is not declared with. To check a framework or a region, the provider asks api-frameworks.zeit.sh and
 * dcs.vercel-infra.com in every preview and update (v5.4.1, vercel/validator_framework.go and
 * vercel/validator_serverless_function_region.go). A recovery must not depend on them, so AppDeployment sets these two before each build, as it
 * sets all the others.
 */
const CHECKED_ELSEWHERE: ReadonlySet<string> = new Set<keyof AppBuild>(["framework", "functionRegion"]);

/** Stands for the sealed variables in the hash of an environment. No variable has such a name. */
const FURTHER = "=";

/** CastChat's app on Vercel: the project and, with a release, its environment and a healthy deployment. */
export class Application extends pulumi.ComponentResource {
  /** Vercel's id of the project. */
  readonly projectId: pulumi.Output<string>;
  /** The deployment; undefined while the project is empty. */
  readonly deployment: AppDeployment | undefined;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:Application", name, {}, opts);
    const { projectName, build, managed, release } = args;

    const project = managed ? managedProject(name, { projectName, build, ...managed }, this) : this.#create(name, args);
    this.projectId = project.id;
    this.deployment = release ? this.#deploy(name, args, release) : undefined;
    this.registerOutputs({ projectId: this.projectId });
  }

  /** The deployment's own address. Throws ResourceError while the project is empty. */
  get deploymentUrl(): pulumi.Output<string> {
    if (!this.deployment) throw new pulumi.ResourceError("The app has no deployment; pass a release.", this, true);
    return this.deployment.url;
  }

  #create(name: string, { projectName, build, protect = true }: ApplicationArgs): Project {
    const declared = Object.fromEntries(Object.entries(build ?? {}).filter(([key]) => !CHECKED_ELSEWHERE.has(key)));
    return new Project(
      projectNameOf(name),
      { name: projectName, ...AT_CREATION, ...declared },
      { parent: this, protect, ignoreChanges: [...Object.keys(AT_CREATION), "framework"] },
    );
  }

  #deploy(name: string, { projectName, build }: ApplicationArgs, release: ApplicationRelease): AppDeployment {
    const { database, connection = "transaction", sealed, ...source } = release;
    const environment = {
      DATABASE_URL: database.connectionString.apply((url) => appConnectionString(url, connection)),
      SUPABASE_URL: database.apiUrl,
      SUPABASE_ANON_KEY: database.anonKey,
    };
    const variables = new ProjectEnvironmentVariables(
      `${name}-environment`,
      {
        projectId: this.projectId,
        variables: Object.entries(environment).map(([key, value]) => {
          return { key, value, targets: ["production"], sensitive: true };
        }),
      },
      // Wait for the restore: no build, even one started by hand, may use a half-restored database.
      { parent: this, dependsOn: [database] },
    );
    const further = sealed && this.#setFurther(name, { ...sealed, connection }, database, Object.keys(environment));
    const hash = pulumi
      .all([pulumi.output(environment), further?.digest])
      .apply(([own, digest = ""]) => environmentHash(digest === "" ? own : { ...own, [FURTHER]: digest }));
    return new AppDeployment(
      `${name}-deployment`,
      { projectId: this.projectId, projectName, ...(build && { build }), ...source, environmentHash: hash },
      { parent: this, dependsOn: [database, variables, ...(further ? [further] : [])] },
    );
  }

  /** Declares the variables that are sealed, except those that are set already. */
  #setFurther(
    name: string,
    sealed: SealedVariables & Pick<AppEnvironmentArgs, "connection">,
    database: Database,
    keys: readonly string[],
  ): AppEnvironment {
    return new AppEnvironment(
      `${name}-variables`,
      {
        projectId: this.projectId,
        ...sealed,
        supabaseRef: database.ref,
        connectionString: database.connectionString,
        except: keys.map((key) => ({ key, targets: ["production"] })),
      },
      { parent: this, dependsOn: [database] },
    );
  }
}

/** SHA-256 of an environment, whatever the order of its names. @internal exported for its property test */
export function environmentHash(environment: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(environment).sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(pairs)).digest("hex");
}
