import { chown } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { localSigner } from "../../lab/bench/localSigner.ts";
import { UNPRIVILEGED } from "../../recovery/postgres/programs/unprivileged.ts";
import { MANIFEST } from "../../recovery/vault/manifest.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { resign } from "../recovery/support/resign.ts";
import { dumpOf, runSql } from "../recovery/support/sample.ts";
import { refusesUser, suiteSetting, vaultIn } from "./support/setting.ts";
import { smallDisk } from "./support/smallDisk.ts";

const disk = smallDisk("24m");

const setting = suiteSetting();
let vault: Vault;
let backupId: string;
beforeAll(async () => {
  vault = vaultIn(await setting.newStore());
  ({ backupId } = await setting.backUp(vault));
}, 60_000);
afterAll(() => disk?.remove());

/** The connection string of another role than `postgres`. */
const as = (url: string, role: string) => url.replace(/\/\/[^@]+@/, `//${role}:x@`);

describe("a role of the source", () => {
  it("that may not read a table, or reads it filtered, makes no backup, also if that happens in the middle", async () => {
    const store = await setting.newStore();
    const { superuserUrl, url } = setting.source;
    await runSql(superuserUrl, "create role reader login password 'x'; grant pg_read_all_data to reader");
    // posts has a policy: a role without BYPASSRLS gets an error.
    await expect(setting.backUp(vaultIn(store), as(url, "reader"))).rejects.toThrow(
      /^Row level security hides rows of .*public\.posts.* from "reader"\. .*Use a role with BYPASSRLS/,
    );
    await runSql(superuserUrl, "alter role reader bypassrls; revoke pg_read_all_data from reader");
    await runSql(
      superuserUrl,
      "grant usage on schema public, auth, storage to reader; grant select on all tables in schema public, auth, storage to reader",
    );
    await runSql(superuserUrl, "revoke select on public.tags from reader");
    await expect(setting.backUp(vaultIn(store), as(url, "reader"))).rejects.toThrow(
      /^"reader" may not read .*public\.tags.* Grant it SELECT/,
    );
    expect((await setting.list(vaultIn(store))).filter((one) => one.manifest !== undefined)).toEqual([]);
    await runSql(superuserUrl, "drop owned by reader; drop role reader");
  }, 60_000);
});

describe("a large object of the source", () => {
  it("that the role may not read ends the run before it reads anything, by name; with the right it is in the backup", async () => {
    const { superuserUrl, url } = setting.source;
    await runSql(superuserUrl, "select lo_from_bytea(4711, '\\xbeef')");
    const other = vaultIn(await setting.newStore());
    const said: string[] = [];
    const run = () => setting.backUp(other, url, { reporter: (message) => void said.push(message) });
    await refusesUser(
      run(),
      /^"postgres" may not read the large objects 4711 \(of supabase_admin\)\. .*`grant select on large object 4711 to postgres`/,
    );
    expect(said).not.toContain("Reading what the database holds");
    expect(await other.list("")).toEqual([]);
    await runSql(superuserUrl, "grant select on large object 4711 to postgres");
    await run();
    await runSql(superuserUrl, "select lo_unlink(4711)");
  }, 30_000);
});

describe("a target", () => {
  it("whose role may create no schema is refused by name, and stays as it is", async () => {
    const target = await setting.server.newDatabase();
    const before = dumpOf(target.superuserUrl);
    await runSql(target.superuserUrl, "create role guest login password 'x'");
    await refusesUser(
      setting.restoreInto({ url: as(target.url, "guest") }, vault),
      /^The role "guest" lacks a right on the target database \S+ \(permission denied .*\)\. Restore as the role that owns it/,
    );
    expect(dumpOf(target.superuserUrl)).toBe(before);
    await runSql(target.superuserUrl, "drop role guest");
  }, 30_000);

  it("that is not empty is refused, and stays as it is", async () => {
    const target = await setting.server.newDatabase();
    await runSql(target.url, "create table public.mine as select 1 as one");
    const before = dumpOf(target.superuserUrl);
    await expect(setting.restoreInto(target, vault)).rejects.toThrow("holds data (public.mine)");
    expect(dumpOf(target.superuserUrl)).toBe(before);
  }, 30_000);

  it("of an older version than the backup's server (simulated by a manifest that says 99) is refused", async () => {
    const other = vaultIn(await setting.newStore());
    for (const { key } of await vault.list("")) await other.put(key, (await vault.getBytes(key))!);
    await resign(other, localSigner(setting.privateKey), { tier: "daily", backupId }, ({ source }) => {
      source.serverVersion = "99.1";
    });
    const target = await setting.server.newDatabase();
    const before = dumpOf(target.superuserUrl);
    await expect(setting.restoreInto(target, other)).rejects.toThrow(
      "The target server is PostgreSQL 17, the backup is of 99. Restore into version 99 or newer.",
    );
    expect(dumpOf(target.superuserUrl)).toBe(before);
    expect(await other.getBytes(`daily/${backupId}/${MANIFEST}`)).not.toEqual(
      await vault.getBytes(`daily/${backupId}/${MANIFEST}`),
    );
  }, 30_000);

  it("that grants more by default gives no role more than the source did", async () => {
    const target = await setting.server.newDatabase();
    const kinds = ["tables", "sequences", "functions"];
    const more = kinds.flatMap((kind) =>
      ["", "in schema public"].map(
        (where) => `alter default privileges ${where} grant all on ${kind} to anon, authenticated, public`,
      ),
    );
    await runSql(target.url, `${more.join(";")}; grant all on schema public to anon`);
    await setting.restoreInto(target, vault);
    const rights = `select c.oid::regclass::text as name, r.rolname as role, p as right
      from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public', (values ('anon'), ('authenticated')) r (rolname),
        unnest(array['select', 'insert', 'update', 'delete', 'truncate']) p
      where c.relkind in ('r', 'm') and has_table_privilege(r.rolname, c.oid, p)
      union all select 'schema public', r, 'create' from unnest(array['anon', 'authenticated']) r where has_schema_privilege(r, 'public', 'create')
      union all select p.oid::regprocedure::text, r, 'execute' from pg_proc p, unnest(array['anon', 'authenticated']) r
        where p.pronamespace = 'public'::regnamespace and has_function_privilege(r, p.oid, 'execute') order by 1, 2, 3`;
    expect(await runSql(target.url, rights)).toEqual(await runSql(setting.source.url, rights));
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 30_000);
});

describe("a disk that is full", () => {
  it("under the target, simulated by a trigger that raises the error of a full server", async () => {
    const target = await setting.server.newDatabase();
    await runSql(
      target.superuserUrl,
      `create function extensions.full_disk() returns event_trigger language plpgsql as $$
         begin raise exception 'could not extend file "base/1/2": No space left on device' using errcode = '53100'; end $$;
       create event trigger full_disk on ddl_command_end when tag in ('CREATE INDEX', 'ALTER TABLE') execute function extensions.full_disk()`,
    );
    await expect(setting.restoreInto(target, vault)).rejects.toThrow(/^The disk of the target database \S+ is full/);
    await runSql(target.superuserUrl, "drop event trigger full_disk; drop function extensions.full_disk()");
    await setting.restoreInto(target, vault);
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 60_000);

  (disk === undefined ? it.skip : it)(
    "under the target: the message says so, and with more room the same call continues",
    async () => {
      await chown(disk!.path, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
      const target = await setting.server.newDatabase();
      const bySuperuser = (sql: string) => runSql(setting.server.superuserUrl, sql);
      await bySuperuser(`create tablespace small location '${disk!.path}'`);
      try {
        await bySuperuser(`alter database ${new URL(target.url).pathname.slice(1)} set tablespace small`);
        for (let attempt = 0; attempt < 2; attempt += 1) {
          await refusesUser(
            setting.restoreInto(target, vault),
            /^The disk of the target database \S+ is full\. Enlarge it .* continues/,
          );
        }
        disk!.grow("400m");
        expect((await setting.restoreInto(target, vault)).backupId).toBe(backupId);
        expect(dumpOf(target.superuserUrl)).toBe(setting.content);
      } finally {
        await target.remove();
        await bySuperuser("drop tablespace small");
      }
    },
    60_000,
  );
});
