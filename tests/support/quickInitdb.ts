import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { type PostgresPackage, sandboxPostgres } from "../../lab/sandbox/postgres/binaries.ts";

/** Beside the programs that it stands for: a sandbox closes its own folder to other users, and as root the servers run as one. */
const KEPT = join(PROJECT_ROOT, "node_modules", ".cache", "castchat-quick-initdb");

/** Copies what initdb has once made of the same arguments, and sets the password. A template is complete or absent, also when several processes make it. */
const scriptOf = (real: string, templates: string) => `#!/bin/sh
set -eu
how=
for argument in "$@"; do
  case $argument in
    --pgdata=*) data=\${argument#*=} ;;
    --pwfile=*) password=\${argument#*=} ;;
    --username=*) user=\${argument#*=}; how="$how $argument" ;;
    *) how="$how $argument" ;;
  esac
done
template=${templates}/$(printf %s "$how" | cksum | tr ' ' -)
if [ ! -d "$template" ]; then
  made=$(mktemp -d ${templates}/making-XXXXXX)
  ${real}/initdb $how --pgdata="$made/data" --pwfile="$password"
  mv -T "$made/data" "$template" || [ -d "$template" ]
  rm -rf "$made"
fi
cp -R "$template/." "$data"
echo "alter role \\"$user\\" password '$(cat "$password")'" | ${real}/postgres --single -F -D "$data" template1 >"$data/single.log" 2>&1
rm "$data/single.log"
`;

/**
 * A folder for PG_BIN with a quick initdb, which takes a tenth of the CPU. It is made once for a checkout. Its servers share one system
 * identifier.
 */
export async function quickInitdb({ folder: real }: PostgresPackage = sandboxPostgres): Promise<string> {
  const digest = createHash("sha256").update(scriptOf(real, "")).digest("hex").slice(0, 16);
  const folder = join(KEPT, `initdb-${digest}`);
  if (existsSync(folder)) return folder;
  await mkdir(KEPT, { recursive: true });
  const aside = await mkdtemp(join(KEPT, "making-"));
  try {
    const made = join(aside, "bin");
    const templates = join(made, "templates");
    await mkdir(templates, { recursive: true });
    // The user of the servers makes the templates.
    const { owner } = sandboxPostgres.programs;
    if (owner !== undefined) await chown(templates, owner.uid, owner.gid);
    await symlink(join(real, "postgres"), join(made, "postgres"));
    await writeFile(join(made, "initdb"), scriptOf(real, join(folder, "templates")), { mode: 0o755 });
    await rename(made, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return folder;
}
