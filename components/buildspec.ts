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

/** File name of the mirrors' bundle. */
export const MIRROR_BUNDLE_FILE = "mirrorRun.mjs";

/**
 * A backup's commands. They install the PostgreSQL client if the image has none. The client comes from the PostgreSQL project's Debian
 * archive, whose key is in Debian's package postgresql-common.
 */
export function buildspec(bundleSha256: string, size: RunnerSize = "small"): string {
  const client = [
    "apt-get -qq update",
    "apt-get -qq install --yes --no-install-recommends postgresql-common ca-certificates",
    "/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y",
    `apt-get -qq install --yes --no-install-recommends postgresql-client-${RUNNER_POSTGRES_MAJOR}`,
  ].join(" && ");
  return commands(`command -v pg_dump || { ${client}; }`, { file: BUNDLE_FILE, sha256: bundleSha256 }, flagsOn(size));
}

/** A mirror build's commands. They install git if the image has none. */
export function mirrorBuildspec(bundleSha256: string): string {
  const git = "apt-get -qq update && apt-get -qq install --yes --no-install-recommends git ca-certificates";
  return commands(`command -v git || { ${git}; }`, { file: MIRROR_BUNDLE_FILE, sha256: bundleSha256 }, "");
}

/** Commands as CodeBuild reads them (JSON is YAML): they check that the code is what `pulumi up` uploaded, and run it. */
function commands(install: string, { file, sha256 }: { file: string; sha256: string }, flags: string): string {
  return JSON.stringify({
    version: 0.2,
    phases: {
      install: { commands: [install] },
      pre_build: { commands: [`echo "${sha256}  ${file}" | sha256sum --check --strict`] },
      build: { commands: [["node", flags, file].filter((word) => word !== "").join(" ")] },
    },
  });
}
