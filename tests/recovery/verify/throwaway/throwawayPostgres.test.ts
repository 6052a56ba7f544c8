import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "@jest/globals";

import { sandboxPostgres } from "../../../../lab/sandbox/postgres/binaries.ts";
import { isRoot, UNPRIVILEGED } from "../../../../recovery/postgres/programs/unprivileged.ts";
import { readSystemIdentifier } from "../../../../recovery/postgres/session/systemIdentifier.ts";
import { markOf } from "../../../../recovery/postgres/session/throwawayPostgres.ts";
import { localThrowaway } from "../../../../recovery/verify/throwaway/localThrowaway.ts";
import { scratchThrowaway } from "../../../../recovery/verify/throwaway/scratchThrowaway.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { abortAt } from "../../support/killing.ts";
import { runSql } from "../../support/sample.ts";
import { startThrowaways, wishFor } from "../../support/throwaways.ts";

const CHILD = fileURLToPath(new URL("support/makeThrowaway.ts", import.meta.url));

const local = forSuite(() => startThrowaways(sandboxPostgres, "real"));
const scratch = forSuite(startTestDatabase);

const onScratch = () => scratchThrowaway(scratch.superuserUrl);
const folders = async () => (await local.left()).filter((name) => name.startsWith("castchat-verify-"));
const scratchState = () =>
  scratch.asSuperuser<{
    name: string;
  }>(`select datname as name from pg_database where datname like 'castchat%' union all
     select rolname from pg_roles where shobj_description(oid, 'pg_authid') is not null order by 1`);

/** As root, PostgreSQL's files belong to another user. */
const SEEN_BY_OTHERS =
  "Root runs this, so the throwaway's data belong to its unprivileged user (uid 65534), as whom other programs may run and read them. Run it as an ordinary user to keep them private.";

/** Makes a throwaway in another process, and kills that. */
async function makeAndKill(scratchUrl?: string): Promise<{ name: string; adminUrl: string }> {
  const env = { ...process.env, ...local.environment, PATH: process.env["PATH"] };
  const args = ["--no-warnings", CHILD, JSON.stringify({ scratchUrl })];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "exit");
  return JSON.parse(line.toString()) as { name: string; adminUrl: string };
}

describe("localThrowaway", () => {
  it("is a separate server with a password, and leaves nothing behind", async () => {
    const said: string[] = [];
    const made = await local.create(wishFor({ reporter: (sentence) => void said.push(sentence) }));
    expect(said.filter((one) => one !== "Starting a throwaway Postgres server")).toEqual(
      isRoot() ? [SEEN_BY_OTHERS] : [],
    );
    const [folder] = await folders();
    const data = join(local.environment.TMPDIR, folder!, "server");
    expect({ mode: (await stat(data)).mode & 0o777, uid: (await stat(data)).uid }).toEqual({
      mode: 0o700,
      uid: isRoot() ? UNPRIVILEGED.uid : process.getuid!(),
    });
    const [row] = await runSql<{ major: string; super: boolean }>(
      made.adminUrl,
      "select current_setting('server_version_num') as major, rolsuper as super from pg_roles where rolname = current_user",
    );
    expect(row).toMatchObject({ major: expect.stringMatching(/^17/), super: true });
    const wrong = new URL(made.adminUrl);
    wrong.password = "guess";
    await expect(runSql(wrong.href, "select 1")).rejects.toThrow("refuses the password");
    await made.remove();
    await made.remove();
    expect(await folders()).toEqual([]);
    await expect(runSql(made.adminUrl, "select 1")).rejects.toThrow("cannot be reached");
  });

  it("runs in a folder that any user may enter, without rights beyond that", async () => {
    const open = await mkdtemp(join("/tmp", "throwaway-test-"));
    await chmod(open, 0o711);
    try {
      const lost = localThrowaway({ ...local.environment, TMPDIR: join(open, "lost") }).create(wishFor());
      await expect(lost).rejects.toThrow(/folder for temporary files, .*lost, cannot be used \(ENOENT\)\. Set TMPDIR/);
      const made = await localThrowaway({ ...local.environment, TMPDIR: open }).create(wishFor());
      expect(await runSql(made.adminUrl, "select 1 as one")).toEqual([{ one: 1 }]);
      await made.remove();
      expect(await readdir(open)).toEqual([]);
    } finally {
      await rm(open, { recursive: true });
    }
  });

  it("says why initdb has failed, not what that cleaned up afterwards", async () => {
    const programs = await mkdtemp(join("/tmp", "throwaway-test-"));
    await chmod(programs, 0o755);
    try {
      const said = "initdb: error: could not write to file: No space left on device";
      const scripts = {
        postgres: "echo 'postgres (PostgreSQL) 17.1'",
        initdb: `printf '%s\\n' '${said}' 'initdb: removing contents of data directory' >&2; exit 1`,
      };
      for (const [name, script] of Object.entries(scripts))
        await writeFile(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const failing = localThrowaway({ ...local.environment, PG_BIN: programs }).create(wishFor());
      await expectRefusal(failing, UserError, `does not start (${said}). Set TMPDIR to a folder`);
      expect(await folders()).toEqual([]);
    } finally {
      await rm(programs, { recursive: true });
    }
  });

  it("leaves nothing when it is aborted", async () => {
    const { reporter, signal } = abortAt("", new Error("stopped by hand"), 200);
    await expect(local.create(wishFor({ reporter, signal }))).rejects.toThrow("stopped by hand");
    expect(await folders()).toEqual([]);
  });

  it("removes what a killed run has left, and nothing of a live run", async () => {
    const alive = await local.create(wishFor());
    const killed = await makeAndKill();
    expect(await folders()).toHaveLength(2);
    expect(await runSql(killed.adminUrl, "select 1 as a")).toEqual([{ a: 1 }]);
    const next = await local.create(wishFor());
    await expect(runSql(killed.adminUrl, "select 1")).rejects.toThrow("cannot be reached");
    expect(await runSql(alive.adminUrl, "select 1 as a")).toEqual([{ a: 1 }]);
    await Promise.all([alive.remove(), next.remove()]);
    expect(await folders()).toEqual([]);
  });

  it("reports which server programs it needs, and which it found", async () => {
    const found = /server programs initdb and postgres of PostgreSQL 16 \(found: 17\.\d+ in /;
    await expectRefusal(local.create(wishFor({ serverMajor: 16 })), UserError, found);
    const nowhere = localThrowaway({ ...local.environment, PG_BIN: "/nowhere" });
    await expect(nowhere.create(wishFor())).rejects.toThrow("none was found");
  });
});

describe("scratchThrowaway", () => {
  it("is a new database, which is removed with the roles that were created for it and no others", async () => {
    const made = await onScratch().create(wishFor());
    await runSql(made.adminUrl, "create table public.mine (id int)");
    await runSql(
      made.adminUrl,
      `create role passing; comment on role passing is '${markOf(made.name)}'; grant create on database postgres to passing;
       grant set on parameter log_min_messages to passing; create role staying`,
    );
    expect((await scratchState()).map(({ name }) => name)).toEqual([made.name, "passing"]);
    await made.remove();
    await made.remove();
    expect(await scratchState()).toEqual([]);
    expect(await scratch.asSuperuser("select rolname from pg_roles where rolname = 'staying'")).toHaveLength(1);
    await scratch.asSuperuser("drop role staying");
  });

  it("removes what a killed run has left, and refuses a second one", async () => {
    const killed = await makeAndKill(scratch.superuserUrl);
    await scratch.asSuperuser(`create role left_behind; comment on role left_behind is '${markOf(killed.name)}'`);
    expect(await scratchState()).toHaveLength(2);
    const next = await onScratch().create(wishFor());
    expect((await scratchState()).map(({ name }) => name)).toEqual([next.name]);
    await expect(onScratch().create(wishFor())).rejects.toThrow("Another test restore is running");
    expect((await scratchState()).map(({ name }) => name)).toEqual([next.name]);
    await next.remove();
    expect(await scratchState()).toEqual([]);
  });

  it("refuses the backup's source, a login that is no superuser, and another major version", async () => {
    const systemIdentifier = await scratch.inSession(readSystemIdentifier);
    expect(systemIdentifier).toMatch(/^\d+$/);
    const refusals = [
      onScratch().create(wishFor({ systemIdentifier })),
      onScratch().create(wishFor({ forbidden: [`127.0.0.1:${scratch.port}`] })),
      scratchThrowaway(scratch.url).create(wishFor()),
      onScratch().create(wishFor({ serverMajor: 16 })),
    ];
    const settled = await Promise.allSettled(refusals);
    expect(settled.map((one) => one.status === "rejected" && (one.reason as Error).message)).toEqual([
      expect.stringContaining("A test restore never runs there"),
      expect.stringContaining("A test restore never runs there"),
      expect.stringContaining("must be a superuser's connection"),
      expect.stringContaining("is PostgreSQL 17, but the backup is of 16"),
    ]);
    expect(await scratchState()).toEqual([]);
  });
});
