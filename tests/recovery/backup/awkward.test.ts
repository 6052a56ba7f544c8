import { beforeAll, describe, expect, it } from "@jest/globals";

import { release } from "../../../recovery/restore/release/release.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { forSuite } from "../../support/suite.ts";
import { makeAwkward } from "../support/awkward.ts";
import { startRoundTrip } from "../support/backingUp.ts";
import { firstDifferences, fullDumpOf, rolesOf } from "../support/peerDump.ts";
import { contentOf } from "../support/sample.ts";

const started = forSuite(startRoundTrip);
let source: TestDatabase;
let target: TestDatabase;
beforeAll(async () => {
  ({ database: source, target } = started);
  await makeAwkward(source);
  await started.backUp();
  await started.restoreInto(target.url);
  await release({ ...started.common, databaseUrl: target.url });
}, 120_000);

describe("awkward definitions", () => {
  it("come back as stock pg_dump sees them, owners and roles included", () => {
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(source.superuserUrl))).toEqual([]);
    expect(firstDifferences(rolesOf(target.superuserUrl), rolesOf(source.superuserUrl))).toEqual([]);
  });

  it("keep every row where it was, as another reader sees it", async () => {
    const content = await contentOf(source.url);
    expect(await contentOf(target.url)).toEqual(content);
    expect(Object.keys(content).length).toBe((await started.manifestOf()).tables.length);
    const filled = await target.query<{ name: string }>(
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
      [source, target].map(async ({ query }) => {
        await query(work);
        const overlapping = query("insert into public.booked values (1, '[2026-01-01,2026-01-05)')");
        await expect(overlapping).rejects.toThrow(/exclusion constraint/);
        await expect(query("insert into public.people values (10, 78, null)")).rejects.toThrow(/foreign key/);
        await expect(query("insert into public.not_valid values (-5, 1)")).rejects.toThrow(/positive/);
        return await query("select * from public.result");
      }),
    );
    expect(results[1]).toEqual(results[0]);
  });
});
