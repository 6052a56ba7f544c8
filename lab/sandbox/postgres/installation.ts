import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { anyoneMayEnter, isRoot } from "../../../recovery/postgres/programs/unprivileged.ts";
import { UserError } from "../../../services/common/errors.ts";
import { PROJECT_ROOT } from "../host/layout.ts";

/** Stand-ins for extensions that every Supabase project offers and the npm package lacks. */
const STAND_INS = fileURLToPath(new URL("./extensions", import.meta.url));

const OWN_CACHE = join(PROJECT_ROOT, "node_modules", ".cache");

/**
 * The folder of a Postgres installation with the package's extensions and the sandbox's stand-ins. A server looks for its extensions
 * relative to its program. The installation is therefore a folder of links to the package, with a program of its own. It is created at the
 * first call, under a name that depends on its content, so that an update of either creates another.
 */
export function installationWithStandIns(packageFolder: string, ownCache = OWN_CACHE): string {
  const native = realpathSync(packageFolder);
  const name = `castchat-sandbox-postgres-${contentHash(native)}`;
  const cache = cacheFolder(ownCache);
  const installation = join(cache, name);
  if (existsSync(installation)) return owned(installation);
  const unfinished = mkdtempSync(join(cache, `${name}-`));
  try {
    fillInstallation(unfinished, native, cache === ownCache ? symlinkSync : copy);
    // As root, the server runs as another user.
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, installation);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process was faster: its installation is the same.
    if (!existsSync(installation)) throw error;
  }
  return installation;
}

/**
 * The folder of installations: in the project. As root the server runs as another user, and initdb can't pass through folders that only
 * root may enter, such as /root. Then it is a complete copy in a folder for temporary files.
 */
function cacheFolder(ownCache: string): string {
  mkdirSync(ownCache, { recursive: true });
  if (!isRoot() || anyoneMayEnter(ownCache)) return ownCache;
  return [tmpdir(), "/tmp", "/var/tmp"].find((folder) => existsSync(folder) && anyoneMayEnter(folder)) ?? ownCache;
}

/** Refuses an installation of another user: every user can create one in a folder for temporary files. */
function owned(installation: string): string {
  const { uid, mode } = lstatSync(installation);
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return installation;
  throw new UserError(
    `${installation} belongs to another user, or other users can write to it. Inspect it, and delete it.`,
  );
}

function contentHash(native: string): string {
  const hash = createHash("sha256").update(native);
  for (const name of readdirSync(join(native, "share", "postgresql", "extension")).sort()) hash.update(`${name}\0`);
  for (const name of readdirSync(STAND_INS).sort())
    hash.update(`${name}\0`).update(readFileSync(join(STAND_INS, name)));
  return hash.digest("hex").slice(0, 16);
}

function fillInstallation(folder: string, native: string, link: (from: string, to: string) => void): void {
  const share = join(native, "share", "postgresql");
  const ours = join(folder, "share", "postgresql");
  mkdirSync(join(ours, "extension"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  chmodSync(join(folder, "bin"), 0o755);
  for (const name of ["initdb", "postgres"]) linkOrCopy(join(native, "bin", name), join(folder, "bin", name));
  link(join(native, "lib"), join(folder, "lib"));
  for (const name of readdirSync(share)) if (name !== "extension") link(join(share, name), join(ours, name));
  for (const name of readdirSync(join(share, "extension")))
    link(join(share, "extension", name), join(ours, "extension", name));
  for (const name of readdirSync(STAND_INS)) copyFileSync(join(STAND_INS, name), join(ours, "extension", name));
}

/** Links inside the package are copied as links, because they lead to neighbouring files. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

/** A program looks for its files relative to its real path, so a symbolic link would lead it back to the package. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // On another file system, or on one without hard links.
    copyFileSync(from, to);
  }
}
