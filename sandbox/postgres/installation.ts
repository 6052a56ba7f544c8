import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT_ROOT } from "../layout.ts";

/** Stand-ins of extensions that every Supabase project is offered and the package of programs lacks. */
const STAND_INS = fileURLToPath(new URL("./extensions", import.meta.url));

/**
 * The folder of an installation of Postgres that offers the sandbox's stand-in extensions beside those of the
 * package. A server looks for its extensions beside its program, so the installation is a folder of links into the
 * package with a program of its own. Made at the first call, under a name that tells its content, so that an update of
 * either makes another.
 */
export function installationWithStandIns(packageFolder: string): string {
  const native = realpathSync(packageFolder);
  const cache = join(PROJECT_ROOT, "node_modules", ".cache", "castchat-sandbox");
  const installation = join(cache, `postgres-${contentHash(native)}`);
  if (existsSync(installation)) return installation;
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, "unfinished-"));
  try {
    fillInstallation(unfinished, native);
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

function contentHash(native: string): string {
  const hash = createHash("sha256").update(native);
  for (const name of readdirSync(join(native, "share", "postgresql", "extension")).sort()) hash.update(`${name}\0`);
  for (const name of readdirSync(STAND_INS).sort())
    hash.update(`${name}\0`).update(readFileSync(join(STAND_INS, name)));
  return hash.digest("hex").slice(0, 16);
}

function fillInstallation(folder: string, native: string): void {
  const share = join(native, "share", "postgresql");
  const ours = join(folder, "share", "postgresql");
  mkdirSync(join(ours, "extension"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  for (const name of ["initdb", "postgres"]) linkOrCopy(join(native, "bin", name), join(folder, "bin", name));
  symlinkSync(join(native, "lib"), join(folder, "lib"));
  for (const name of readdirSync(share)) if (name !== "extension") symlinkSync(join(share, name), join(ours, name));
  for (const name of readdirSync(join(share, "extension")))
    symlinkSync(join(share, "extension", name), join(ours, "extension", name));
  for (const name of readdirSync(STAND_INS)) copyFileSync(join(STAND_INS, name), join(ours, "extension", name));
}

/** A program looks for its files from where it really lies: a symbolic link would lead it back to the package. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // On another file system, or one that knows no hard links.
    copyFileSync(from, to);
  }
}
