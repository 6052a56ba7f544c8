import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { assess } from "../../../recovery/assess/assess.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { release } from "../../../recovery/restore/release/release.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import { restoreTables } from "../../../recovery/restore/tables/restoreTables.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { readVerifications } from "../../../recovery/vault/verification.ts";
import { hasPassed } from "../../../recovery/verify/testRestore/checklist.ts";
import { verify } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import { ageOpener } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { VaultFixture } from "../../fixtures/vaults/fixture.ts";
import { forSuite } from "../../support/suite.ts";
import { type FreshDatabase, startTargetServer } from "../../support/targetServer.ts";
import { startTestCloud } from "../support/cloud.ts";
import { putOver } from "../support/inPlace.ts";
import { bytesOf, contentOfProject, type Project, startProject, stopProject } from "../support/project.ts";
import { contentOf, runSql } from "../support/sample.ts";
import { restoringInto, startThrowaways } from "../support/throwaways.ts";

const APPLICATIONS = "public.applications";
const FIXTURES = join(PROJECT_ROOT, "tests", "fixtures", "vaults");
const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());

const cloud = forSuite(startTestCloud);
const server = forSuite(startTargetServer);
const throwaways = forSuite(startThrowaways);

it("there is a kept vault", () => {
  expect(folders.map(({ name }) => name)).toContain("format-4");
});

describe.each(folders.map(({ name }) => name))("the kept vault %s", (name) => {
  const folder = join(FIXTURES, name);
  const fixture = JSON.parse(readFileSync(join(folder, "fixture.json"), "utf8")) as VaultFixture;
  const trustedKeys = [fixture.publicKeyPem];
  const opener = ageOpener([fixture.identity]);
  const shared = { trustedKeys, tiers: TIERS, opener, reporter: silent, clock: systemClock };
  const idOf = (kind: string, isSealed: boolean) =>
    fixture.backups.find((one) => one.kind === kind && one.isSealed === isSealed && !one.isSafety)!.backupId;
  let vault: Vault;
  beforeAll(async () => {
    vault = await cloud.newVault();
    const objects = join(folder, "objects");
    for (const entry of readdirSync(objects, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      await putOver(vault, relative(objects, path), readFileSync(path));
    }
  });

  type InTarget = (more: Partial<RestoreOptions>) => ReturnType<typeof restore>;
  const withTarget = async (work: (target: FreshDatabase, into: InTarget) => Promise<void>): Promise<void> => {
    const target = await server.newDatabase();
    await work(target, (more) => restore({ ...shared, vault, targetUrl: target.url, generation: 1, ...more }));
    await target.remove();
  };

  it("is listed whole, each backup proven, with its verification and its configuration", async () => {
    const listed = await listBackups({ vault, trustedKeys, tiers: TIERS });
    expect(listed.map(({ backupId, problems }) => [backupId, problems]).sort()).toEqual(
      fixture.backups.map(({ backupId }) => [backupId, []]).sort(),
    );
    for (const { backupId, kind, isSealed, isSafety } of fixture.backups) {
      const { manifest, proven } = listed.find((one) => one.backupId === backupId)!;
      const { kind: itsKind, formatVersion } = manifest!;
      expect([backupId, proven, itsKind, formatVersion]).toEqual([backupId, true, kind, fixture.formatVersion]);
      expect([manifest!.encryption !== undefined, manifest!.purpose === "safety"]).toEqual([isSealed, isSafety]);
    }
    const verified = listed.find(({ backupId }) => backupId === idOf("full", false))!;
    const stored = { backupId: verified.backupId, ...verified.verifications! };
    const { latest, unbelieved } = await readVerifications(vault, stored, trustedKeys);
    expect([latest?.level, unbelieved]).toEqual(["restored-proven", []]);
    const { configuration } = await readConfiguration({ vault, ...shared, backupId: idOf("configuration", true) });
    expect(configuration).toEqual(fixture.configuration);
    expect(await vault.list("recovery-log/")).toHaveLength(1);
  });

  it("is verified, backup by backup, and one of them by a test restore", async () => {
    for (const { backupId } of fixture.backups)
      expect(await verify({ vault, ...shared, backupId })).toMatchObject({ backupId, ok: true, isDecrypted: true });
    const sealed = { vault, ...shared, backupId: idOf("full", true) };
    const { restore: restored } = await verify({ ...sealed, restore: restoringInto(throwaways) });
    expect(hasPassed(restored!.lines)).toBe(true);
  }, 60_000);

  it("gives back a whole database from a plain backup, and what a replacement had saved", async () => {
    const safety = fixture.backups.find(({ isSafety }) => isSafety)!.backupId;
    for (const backupId of [idOf("full", false), safety])
      await withTarget(async (target, into) => {
        expect(await into({ backupId })).toMatchObject({ backupId });
        expect(await contentThen(target.superuserUrl)).toEqual(fixture.tables);
        const assessed = await assess({ vault, ...shared, backupId, databaseUrl: target.url });
        expect(assessed).toMatchObject({ backupId, isDamaged: false });
        await runSql(target.url, "delete from public.applications");
        for (const isSealed of [false, true]) {
          const from = { vault, ...shared, backupId: idOf("critical", isSealed) };
          const confirm = () => Promise.resolve();
          await restoreTables({ ...from, targetUrl: target.url, tables: [APPLICATIONS], confirm });
        }
        expect((await contentThen(target.superuserUrl))[APPLICATIONS]).toBe(fixture.tables[APPLICATIONS]);
      });
  }, 60_000);

  it("gives back definitions and rows from the kinds that hold only those", async () => {
    for (const isSealed of [false, true])
      await withTarget(async (target, into) => {
        await into({ backupId: idOf("schema-only", isSealed), selection: "definitions" });
        // Backups of this time do not hold the memberships of the role that restores.
        await runSql(target.superuserUrl, "grant app_owner to postgres with inherit true, set true");
        await into({ backupId: idOf("data-only", isSealed), selection: "rows" });
        expect(await contentThen(target.superuserUrl)).toEqual(fixture.tables);
      });
  }, 60_000);

  describe("with its project", () => {
    let project: Project;
    beforeAll(async () => {
      project = await startProject();
    });
    afterAll(() => stopProject(project));

    it("gives back a sealed database with storage objects, functions, auth settings, vault secrets and jobs", async () => {
      const content = contentOfProject(project);
      const { database } = project;
      const sealed = { vault, ...shared, backupId: idOf("full", true) };
      const done = await restore({ ...sealed, targetUrl: database.url, generation: 1, project: content });
      expect(done.project).toMatchObject({ storageObjects: 2, functions: 1 });
      const found = {
        "attachments/ä b/c%2F?#.txt": await bytesOf(content, "attachments", "ä b/c%2F?#.txt"),
        "attachments/empty": await bytesOf(content, "attachments", "empty"),
        hello: (await content.functionBody("hello"))!,
      };
      const hashes = Object.entries(found).map(([key, bytes]) => [key, hash("sha256", bytes)]);
      expect(Object.fromEntries(hashes)).toEqual(fixture.files);
      expect(await content.authSettings()).toMatchObject({ site_url: "https://castchat.example", jwt_exp: 1800 });
      const secrets = await database.query("select name, decrypted_secret as secret from vault.decrypted_secrets");
      expect(secrets).toEqual([{ name: "payments_key", secret: "sample-only-not-a-key 鍵" }]);
      // An upload gives an object a version of its own.
      const rows = { ...(await contentThen(database.superuserUrl)), "storage.objects": "" };
      expect(rows).toEqual({ ...fixture.tables, "storage.objects": "" });
      await release({ vault, ...shared, databaseUrl: database.url });
      expect(await database.query("select jobname from cron.job order by 1")).toEqual([
        { jobname: "expire applications" },
        { jobname: "weekly digest" },
      ]);
    }, 60_000);
  });
});

/** The content without the columns that Supabase's tables have got since the vault was made (supabase/storage, migrations 0044 and 0062). */
async function contentThen(superuserUrl: string): Promise<Record<string, string>> {
  await runSql(
    superuserUrl,
    `alter table storage.buckets drop column if exists type, drop column if exists versioning_status;
     alter table storage.objects drop column if exists archived_at, drop column if exists is_delete_marker, drop column if exists is_versioned`,
  );
  return await contentOf(superuserUrl);
}
