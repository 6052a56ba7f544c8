import { RUNNER_MACHINES, type RunnerSize } from "../planning/runnerMachine.ts";
import { NODE_FLAGS, RUNNER_POSTGRES_MAJOR } from "../settings/runnerImage.ts";

/**
 * Node's flags on a machine. By itself Node takes half of the memory for its objects, and 4 GB at most
 * (https://nodejs.org/api/cli.html#--max-old-space-sizesize-in-mib), which would leave a larger machine unused.
 */
function flagsOn(size: RunnerSize): string {
  const megabytes = RUNNER_MACHINES[size].memoryGb * 500;
  return size === "small" ? NODE_FLAGS : `${NODE_FLAGS} --max-old-space-size=${megabytes}`;
}

/** File name of the runner's bundle. */
export const BUNDLE_FILE = "runner.mjs";

/**
 * A build's commands, as CodeBuild reads them (JSON is YAML). They install the PostgreSQL client if the image has none, check that the code
 * is what `pulumi up` uploaded, and run it. The client comes from the PostgreSQL project's Debian archive, whose key is in Debian's package
 * postgresql-common.
 */
export function buildspec(bundleSha256: string, size: RunnerSize = "small"): string {
  const client = [
    "apt-get -qq update",
    "apt-get -qq install --yes --no-install-recommends postgresql-common ca-certificates",
    "/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y",
    `apt-get -qq install --yes --no-install-recommends postgresql-client-${RUNNER_POSTGRES_MAJOR}`,
  ].join(" && ");
  return JSON.stringify({
    version: 0.2,
    phases: {
      install: { commands: [`command -v pg_dump || { ${client}; }`] },
      pre_build: { commands: [`echo "${bundleSha256}  ${BUNDLE_FILE}" | sha256sum --check --strict`] },
      build: { commands: [`node ${flagsOn(size)} ${BUNDLE_FILE}`] },
    },
  });
}
