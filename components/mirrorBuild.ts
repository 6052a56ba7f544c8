import * as pulumi from "@pulumi/pulumi";

import { runnerSecretName, type Site } from "../planning/names.ts";
import { MIRROR_RUN_VARIABLE } from "../settings/mirrorRunSettings.ts";
import { MIRROR_TOKENS, type MirrorTokenVariable, NO_TOKEN } from "../settings/runnerSettings.ts";
import { buildSchedule } from "./buildSchedule.ts";
import { MIRROR_BUNDLE_FILE, mirrorBuildspec } from "./buildspec.ts";
import { buildSecret } from "./runnerSecrets.ts";
import { type RunnerCode, scheduledBuild } from "./scheduledBuild.ts";
import { mirrorPermissions } from "./schedulePolicies.ts";

export interface MirrorBuildArgs {
  /** The mirrors' site. All names derive from it. */
  readonly site: Site;
  /** Hours between two builds. */
  readonly intervalHours: number;
  readonly code: RunnerCode;
  /** The container image that a build starts in, by tag or by digest. */
  readonly image: string;
  /** The build's settings, as JSON (settings/mirrorRunSettings.ts). They are not secret. */
  readonly settings: string;
  /** Secrets. A token that is not given stays as it is in its secret. */
  readonly tokens: Readonly<Partial<Record<MirrorTokenVariable, pulumi.Input<string>>>>;
}

/** Minutes after which a mirror build is stopped. A large repository's first copy takes several. */
const LIMIT_MINUTES = 60;

/**
 * Keeps the mirrors current from the standby's own account: a CodeBuild project with the mirrors' tokens and no access to a database or the vault,
 * and the schedule that starts it.
 */
export class MirrorBuild extends pulumi.ComponentResource {
  constructor(name: string, args: MirrorBuildArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:MirrorBuild", name, {}, opts);
    const { site, intervalHours, code, image, tokens } = args;
    const child = { parent: this };
    const secrets = Object.entries(MIRROR_TOKENS).map(([part, variable]) =>
      buildSecret(
        `${name}-secret-${part}`,
        {
          secretName: runnerSecretName(site, part, "mirror"),
          description: `${variable} of the mirror builds`,
          variable,
          value: tokens[variable] ?? NO_TOKEN,
          tagged: {},
        },
        child,
        // An `up` without the token keeps the one that is stored.
        { ...child, ...(tokens[variable] === undefined && { ignoreChanges: ["secretString"] }) },
      ),
    );
    const { project } = scheduledBuild(
      name,
      {
        site,
        work: "mirror",
        code,
        bundleFile: MIRROR_BUNDLE_FILE,
        buildspec: mirrorBuildspec(code.sha256),
        image,
        compute: "small",
        limitMinutes: LIMIT_MINUTES,
        description: "Brings the mirrors of the repositories up to date",
        roleDescription: "Mirrors the repositories: its own log, code and secrets, and nothing of the vault",
        policy: mirrorPermissions(site, image),
        variables: [{ name: MIRROR_RUN_VARIABLE, type: "PLAINTEXT", value: args.settings }, ...secrets],
        tagged: {},
      },
      child,
    );
    buildSchedule(
      name,
      {
        site,
        work: "mirror",
        projectArn: project.arn,
        intervalHours,
        description: "Brings the mirrors up to date",
        roleDescription: "Starts the mirror builds, and nothing else",
        tagged: {},
      },
      child,
    );
    this.registerOutputs({});
  }
}
