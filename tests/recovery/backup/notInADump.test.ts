import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
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

describe("what stock pg_dump leaves out as well", () => {
  it("does not fail a restore: an invalid index, which the manifest lists", async () => {
    const { database, cloud, signer, trustedKeys, target } = started;
    await runSql(database.url, "create table public.twice (a int); insert into public.twice values (1), (1)");
    const broken = runSql(database.url, "create unique index concurrently twice_once on public.twice (a)");
    await expect(broken).rejects.toThrow("could not create unique index");
    const vault: Vault = await cloud.newVault();
    const shared = { vault, tiers: TIERS, clock: systemClock, reporter: silent };
    await backup({ ...shared, databaseUrl: database.url, signer });
    const [listed] = await listBackups({ vault, tiers: TIERS, trustedKeys });
    expect(listed!.manifest!.leftOut.map(({ what }) => what)).toContain("index public.twice_once");
    await restore({ ...shared, trustedKeys, targetUrl: target.url, generation: 1 });
    expect(firstDifferences(fullDumpOf(target.superuserUrl), fullDumpOf(database.superuserUrl))).toEqual([]);
  }, 60_000);
});
