import { NODE_FLAGS, RUNNER_POSTGRES_MAJOR } from "../settings/runnerImage.ts";

/** File name of the runner's bundle. */
export const BUNDLE_FILE = "runner.mjs";

/**
 * What a build does, as CodeBuild reads it (JSON is YAML): bring the PostgreSQL client where the image has none, look that the code
 * is the one that `pulumi up` has uploaded, run it. The client comes from the PostgreSQL project's own Debian archive, whose key
 * Debian's package postgresql-common holds.
 */
export function buildspec(bundleSha256: string): string {
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
      build: { commands: [`node ${NODE_FLAGS} ${BUNDLE_FILE}`] },
    },
  });
}
