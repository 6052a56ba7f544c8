import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { sandboxPostgres } from "../../../lab/sandbox/postgres/binaries.ts";
import { localThrowaway } from "../../../recovery/verify/throwaway/localThrowaway.ts";
import { startTcpProxy } from "../../faults/support/tcpProxy.ts";
import { forSuite } from "../../support/suite.ts";
import { startRoundTrip } from "../support/backingUp.ts";
import { failure } from "../support/failure.ts";
import { restoringInto, startThrowaways } from "../support/throwaways.ts";

const started = forSuite(startRoundTrip);
const throwaways = forSuite(startThrowaways);
/** The way to the partner's server, which is the source's own. */
const partner = forSuite(() => startTcpProxy(started.database.port));

/** On Supabase `postgres` owns the wrapper. */
const EXTENSION =
  "create extension postgres_fdw with schema extensions; grant usage on foreign data wrapper postgres_fdw to postgres with grant option";
/** What an app has that reads a partner's tables: also by a view, in a partitioned table, and kept in materialized views. */
const app = (port: number, login: string) => `
  create role analyst; grant usage on foreign data wrapper postgres_fdw to analyst;
  create server partner foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${port}', dbname 'postgres');
  create user mapping for postgres server partner options (${login});
  create user mapping for public server partner options (${login});
  create foreign table public.orders (id int, at int) server partner options (schema_name 'public', table_name 'theirs');
  create view public.orders_now as select id from public.orders;
  create materialized view public.order_count as select count(*)::int as n from public.orders_now;
  create materialized view public.a_sum as select sum(n)::int as n from public.order_count;
  create table public.years (id int, at int) partition by list (at);
  create table public.years_2 partition of public.years for values in (2); insert into public.years values (3, 2);
  create foreign table public.years_1 partition of public.years for values in (1) server partner options (schema_name 'public', table_name 'theirs');
  create table public.kept (id int); insert into public.kept values (5);
  create foreign table public.kept_there (id int) inherits (public.kept) server partner options (schema_name 'public', table_name 'theirs');
  alter table public.years enable row level security; alter table public.kept enable row level security`;
/** The password in the user mappings. */
let secret: string;

beforeAll(async () => {
  const { database } = started;
  secret = decodeURIComponent(new URL(database.url).password);
  await database.asSuperuser(EXTENSION);
  await database.query("create table public.theirs (id int, at int); insert into public.theirs values (1, 1), (2, 1)");
  await database.query(app(partner.port, `user 'postgres', password '${secret}'`));
  expect(await database.query("select n from public.a_sum")).toEqual([{ n: 2 }]);
  await started.backUp();
}, 60_000);

describe("a backup with foreign tables", () => {
  it("is restored for a test without a connection to their server, and without its password", async () => {
    const before = partner.received();
    const said: string[] = [];
    const reporter = (message: string) => void said.push(message);
    const result = await started.check(started.vault, { restore: restoringInto(throwaways), reporter });
    const { lines, notes } = result.restore!;
    expect(lines.filter(({ state }) => state === "not ok")).toEqual([]);
    expect(result.level).toBe("restored-proven");
    expect(lines.find(({ what }) => what === "foreign servers")).toMatchObject({
      state: "not checked",
      detail:
        "not checked here: a test restore connects to no other server; left out here: the user mappings of partner",
    });
    const empty =
      /^A materialized view is empty, since it reads a foreign table whose server gives no rows here \(.*\)\. Once it does, run: refresh materialized view "public"\."(order_count|a_sum)";$/;
    expect(notes).toEqual([expect.stringMatching(empty), expect.stringMatching(empty)]);
    expect(partner.received()).toBe(before);
    expect(JSON.stringify([result, said, await started.manifestOf()])).not.toContain(secret);
  }, 60_000);

  it("comes back while their server does not answer, and says which materialized views are empty", async () => {
    const { target } = started;
    await target.asSuperuser(EXTENSION);
    partner.cut();
    const { notes } = await started.restoreInto(target.url);
    partner.mend();
    expect(notes.filter((note) => note.startsWith("A materialized view is empty"))).toEqual([
      expect.stringMatching(/could not connect to server "partner".*order_count/s),
      expect.stringMatching(/a_sum/),
    ]);
    expect(JSON.stringify(notes)).not.toContain(secret);
    const mappings = "select usename as name from pg_user_mappings where srvname = 'partner' order by 1";
    expect(await target.query(mappings)).toEqual([{ name: "postgres" }, { name: "public" }]);
    expect(
      await target.query("select has_foreign_data_wrapper_privilege('analyst', 'postgres_fdw', 'usage') as may"),
    ).toEqual([{ may: true }]);
    await target.query("refresh materialized view public.order_count");
    expect(await target.query("select n from public.order_count")).toEqual([{ n: 2 }]);
  }, 60_000);

  it("is not ok, in a sentence that names the extension, on a server without postgres_fdw", async () => {
    const installation = dirname(sandboxPostgres.folder);
    const without = mkdtempSync(`${installation}-without-`);
    try {
      chmodSync(without, 0o755);
      execFileSync("cp", ["-a", `${installation}/.`, without]);
      rmSync(join(without, "share", "postgresql", "extension", "postgres_fdw.control"));
      const environment = { ...throwaways.environment, PG_BIN: join(without, "bin") };
      const { restore } = await failure(
        started.check(started.vault, { restore: restoringInto(localThrowaway(environment)) }),
      );
      expect(restore!.lines[0]).toMatchObject({
        state: "not ok",
        detail: expect.stringMatching(
          /^the throwaway server does not offer postgres_fdw 1\.\d; set VERIFY_DATABASE_URL to a server that does$/,
        ),
      });
      expect(restore!.lines.slice(1).every(({ state }) => state === "not checked")).toBe(true);
    } finally {
      rmSync(without, { recursive: true });
    }
  }, 60_000);

  it("is not ok, by the entry's name, if it has a wrapper that only Supabase or a superuser lets an app make", async () => {
    await started.database.asSuperuser("create foreign data wrapper own_wrapper");
    await started.backUp();
    const { restore } = await failure(started.check(started.vault, { restore: restoringInto(throwaways) }));
    expect(restore!.lines[0]).toMatchObject({
      state: "not ok",
      detail: expect.stringMatching(
        /^the throwaway's role may not make an entry of the backup's definitions: permission denied to create foreign-data wrapper "own_wrapper" \(FOREIGN DATA WRAPPER - own_wrapper .*\)\. On Supabase/,
      ),
    });
  }, 60_000);
});
