import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { firstDifferences, fullDumpOf } from "../support/peerDump.ts";
import { runSql } from "../support/sample.ts";
import { startSourceAndTarget } from "../support/source.ts";

let started: Awaited<ReturnType<typeof startSourceAndTarget>>;
beforeAll(async () => {
  started = await startSourceAndTarget();
}, 60_000);
afterAll(() => started.stop());

describe("a materialized view over a function whose text reads another one", () => {
  it("is filled after that, which the catalog does not know of", async () => {
    const { database, cloud, signer, trustedKeys, target } = started;
    await runSql(
      database.url,
      `create table public.numbers (n int); insert into public.numbers values (1), (2);
       create materialized view public.z_sums as select sum(n) as s from public.numbers;
       create function public.y_sum() returns bigint language plpgsql stable as $$ begin return (select s from public.z_sums); end $$;
       create materialized view public.b_report as select public.y_sum() as s;
       create function public.x_sum() returns bigint language plpgsql stable as $$ begin return (select s from public.b_report); end $$;
       create materialized view public.a_report as select public.x_sum() as s`,
    );
    const vault: Vault = await cloud.newVault();
    const shared = { vault, tiers: TIERS, clock: systemClock, reporter: silent };
    await backup({ ...shared, databaseUrl: database.url, signer });
    await restore({ ...shared, trustedKeys, targetUrl: target.url, generation: 1 });
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(database.superuserUrl))).toEqual([]);
    expect(await runSql(target.url, "select s from public.a_report")).toEqual([{ s: "3" }]);
  }, 60_000);
});
