import * as pulumi from "@pulumi/pulumi";

import type { ScheduledRun } from "../components/siteArgs.ts";
import { portableRootCertificates } from "../recovery/postgres/session/serverTrust.ts";
import { UserError } from "../services/common/errors.ts";
import { MIRROR_TOKENS, ownTokenOfRuns, RUNNER_TOKENS, type TokenVariable } from "../settings/runnerSettings.ts";
import type { Settings } from "../settings/settings.ts";
import { bundle } from "./bundle.ts";
import { ownSource } from "./ownSource.ts";

/**
 * What the scheduled runs are made of: the programs' code, bundled now, this repository's files, the services' tokens, the place of the stack's state,
 * and the root certificates of the database's server, if this `up` has others than Supabase's (PGSSLROOTCERT).
 * Runs get only the tokens RUNNER_<NAME>, which need fewer rights than those of this `up`. One that is not set is missing there.
 */
export function scheduledRun(
  { runnerImage, runnerCompute, mirrorIntervalHours }: Settings,
  environment: NodeJS.ProcessEnv = process.env,
): ScheduledRun {
  const { path, sha256 } = bundle("runner");
  const rootCertificates = portableRootCertificates(environment);
  return {
    code: { path, sha256 },
    source: source(),
    image: runnerImage,
    compute: runnerCompute,
    tokens: tokensIn(RUNNER_TOKENS, environment),
    ...(mirrorIntervalHours !== undefined && {
      mirror: { code: bundle("mirrorRun"), tokens: tokensIn(Object.values(MIRROR_TOKENS), environment) },
    }),
    ...stateIn(environment),
    ...(rootCertificates !== undefined && { rootCertificates }),
  };
}

/** This repository's files; undefined, with a warning, where they cannot be archived: a recovery runs from any folder. */
function source(): ScheduledRun["source"] {
  try {
    return ownSource();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    void pulumi.log.warn(error.message);
    return undefined;
  }
}

/** Pulumi does not pass the backend to a program, so this reads the variable that names it. A run can read a bucket or a folder. */
function stateIn({ PULUMI_BACKEND_URL: backend = "" }: NodeJS.ProcessEnv): Pick<ScheduledRun, "state"> {
  return /^(s3|file):\/\//.test(backend) ? { state: { backend, project: pulumi.getProject() } } : {};
}

function tokensIn<T extends TokenVariable>(
  names: readonly T[],
  environment: NodeJS.ProcessEnv,
): Partial<Record<T, pulumi.Output<string>>> {
  const tokens: Partial<Record<T, pulumi.Output<string>>> = {};
  for (const name of names) {
    const value = environment[ownTokenOfRuns(name)] ?? "";
    if (value !== "") tokens[name] = pulumi.secret(value);
  }
  return tokens;
}
