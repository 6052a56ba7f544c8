import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { release } from "../../../recovery/restore/release/release.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { type RoundTrip, startRoundTrip } from "../support/backingUp.ts";
import { firstDifferences, fullDumpOf, rolesOf } from "../support/peerDump.ts";
import { contentOf, runSql } from "../support/sample.ts";

const AWKWARD = readFileSync(join(PROJECT_ROOT, "tests", "recovery", "support", "awkward.sql"), "utf8");

let started: RoundTrip;
let source: TestDatabase;
let target: TestDatabase;
let manifest: Manifest;
beforeAll(async () => {
  started = await startRoundTrip();
  ({ database: source, target } = started);
  await runSql(source.url, "create extension btree_gist with schema extensions");
  await runSql(source.url, AWKWARD);
  await runSql(source.url, "refresh materialized view public.a_over_m");
  const { vault, trustedKeys } = started;
  await started.backUp(vault);
  manifest = await started.manifestOf(vault);
  await started.restoreInto(target.url, vault);
  await release({ vault, trustedKeys, tiers: TIERS, databaseUrl: target.url, reporter: silent });
}, 120_000);
afterAll(() => started.stop());

describe("awkward definitions", () => {
  it("come back as stock pg_dump sees them, owners and roles included", () => {
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(source.superuserUrl))).toEqual([]);
    expect(firstDifferences(rolesOf(target.superuserUrl), rolesOf(source.superuserUrl))).toEqual([]);
  });

  it("keep every row where it was, as another reader sees it", async () => {
    const content = await contentOf(source.url);
    expect(await contentOf(target.url)).toEqual(content);
    expect(Object.keys(content).length).toBe(manifest.tables.length);
    const filled = await runSql<{ name: string }>(
      target.url,
      "select relname as name from pg_class where relkind = 'm' and relispopulated order by 1",
    );
    expect(filled.map(({ name }) => name)).toEqual(["a_over_m", "m_base", "mv"]);
  });

  it("still work: identity, sequences, cycles, deferred constraints, partitions, large objects", async () => {
    const work = `begin;
      insert into public.events (at, tenant, body) values ('2027-01-01', 3, 'new'), ('2025-02-03', 1, 'new');
      insert into public.columns_of_all_kinds (title) values ('A  New One');
      insert into public.people values (9, 77, null); insert into public.departments values (77, 1, 'late');
      select nextval('"select"."連 番 %"'); commit;
      create table public.result as select (select array_agg(tableoid::regclass::text || id order by id) from public.events where body = 'new') as events,
        (select concat_ws('/', always_id, serial_id, code, slug) from public.columns_of_all_kinds where title = 'A  New One') as one, (select last_value from "select"."連 番 %") as last,
        public.a_calls_z(3) as cyclic, length(lo_get(700003)) as large, (select array_agg(n order by n) from public.counted) as counted`;
    const results = await Promise.all(
      [source, target].map(async ({ url }) => {
        await runSql(url, work);
        await expect(runSql(url, "insert into public.booked values (1, '[2026-01-01,2026-01-05)')")).rejects.toThrow(
          /exclusion constraint/,
        );
        await expect(runSql(url, "insert into public.people values (10, 78, null)")).rejects.toThrow(/foreign key/);
        await expect(runSql(url, "insert into public.not_valid values (-5, 1)")).rejects.toThrow(/positive/);
        return await runSql<object>(url, "select * from public.result");
      }),
    );
    expect(results[1]).toEqual(results[0]);
  });
});
