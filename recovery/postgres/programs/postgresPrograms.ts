import { execFile } from "node:child_process";
import { access, constants, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { UserError } from "../../../services/common/errors.ts";
import type { ServerPrograms } from "./postgresServer.ts";
import { anyoneMayEnter, asNobody, isRoot, UNPRIVILEGED } from "./unprivileged.ts";

/** The folder in which Debian and Ubuntu keep the programs of each major version, which are not on PATH. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";

/**
 * Finds the server programs of a major version: in the folder PG_BIN if it is set, else on PATH and in Debian's folder.
 *
 * @param above folder in which the server's data is to lie
 * @throws UserError that lists what was found instead
 */
export async function findServerPrograms(
  serverMajor: number,
  environment: NodeJS.ProcessEnv,
  above: string,
): Promise<ServerPrograms> {
  const only = environment["PG_BIN"] ?? "";
  const folders = only === "" ? await programFolders(environment) : [only];
  const others = new Set<string>();
  for (const folder of folders) {
    const version = await versionIn(folder);
    if (version === undefined) continue;
    if (Number.parseInt(version, 10) === serverMajor) return programsIn(folder, above);
    others.add(`${version} in ${folder}`);
  }
  const seen = others.size === 0 ? "none was found" : `found: ${[...others].join(", ")}`;
  throw new UserError(
    `A test restore needs the server programs initdb and postgres of PostgreSQL ${serverMajor} (${seen}). Set PG_BIN to their folder, or VERIFY_DATABASE_URL to an administrator's connection to a scratch server.`,
  );
}

/**
 * The programs of a folder. Root runs them as an unprivileged user, since Postgres refuses to run as root. That user only gets the right to
 * pass through closed folders if there are any, as in a job with a private TMPDIR: not every container grants it.
 */
function programsIn(folder: string, above: string): ServerPrograms {
  if (!isRoot()) return { command: (name, args) => ({ file: join(folder, name), args: [...args] }) };
  const passes = !(anyoneMayEnter(folder) && anyoneMayEnter(above));
  return { command: (name, args) => asNobody(join(folder, name), args, { passes }), owner: UNPRIVILEGED };
}

async function versionIn(folder: string): Promise<string | undefined> {
  try {
    await Promise.all(["initdb", "postgres"].map((name) => access(join(folder, name), constants.X_OK)));
    const { stdout } = await promisify(execFile)(join(folder, "postgres"), ["--version"]);
    return /(\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch {
    // Missing or not executable.
    return undefined;
  }
}

/** The folders of PATH. */
export function pathFolders(environment: NodeJS.ProcessEnv): string[] {
  return (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
}

/** The folders of PATH, then those in which Debian keeps PostgreSQL's programs. */
export async function programFolders(environment: NodeJS.ProcessEnv): Promise<string[]> {
  return [...pathFolders(environment), ...(await debianFolders())];
}

async function debianFolders(): Promise<string[]> {
  try {
    return (await readdir(DEBIAN_FOLDER)).map((version) => join(DEBIAN_FOLDER, version, "bin"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
