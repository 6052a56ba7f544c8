import { beforeAll, describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import { backup, type BackupOptions } from "../../../recovery/backup/backup.ts";
import { moveLegalHold } from "../../../recovery/backup/legalHold.ts";
import { sealedNamesOf } from "../../../recovery/environment/sealedNames.ts";
import { contentOf, findEnvironment, openEnvironment } from "../../../recovery/environment/storedEnvironment.ts";
import { chooseBackup } from "../../../recovery/vault/chooseBackup.ts";
import type { Environment } from "../../../recovery/vault/environmentPart.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { environmentsToHold } from "../../../recovery/vault/sealedEnvironments.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import { startTestCloud } from "../support/cloud.ts";
import { resign } from "../support/resign.ts";
import { flipped, tamper } from "../support/sample.ts";
import { newSite, type Site } from "../support/source.ts";

const cloud = forSuite(startTestCloud);
let site: Site;
let key: Awaited<ReturnType<typeof newAgeKey>>;
beforeAll(async () => {
  site = await newSite(cloud);
  key = await newAgeKey();
});

const environment = (app: string | undefined, value: string): Environment => ({
  format: 1,
  ...(app !== undefined && { app }),
  takenAt: "2026-07-01T02:00:00.000Z",
  digestKey: "k".repeat(44),
  variables: [{ key: "TOKEN", targets: ["production"], value, drill: { is: "unset" } }],
});
const store = (app: string | undefined, value: string, more: Partial<BackupOptions> = {}) => {
  const { common, signer } = site;
  const { sealer } = key;
  return backup({ ...common, signer, kind: "environment", environment: environment(app, value), sealer, ...more });
};
const source = (opener = true) => ({ ...site.common, ...(opener && { opener: key.opener }) });
const isHeld = (backupId: string) => site.vault.hasLegalHold(`daily/${backupId}/environment.json.zst`);

describe("an app's variables in the vault", () => {
  it("are one proven backup of an app, sealed, and open only with the identity", async () => {
    const { backupId, tier } = await store("web", "hunter2");
    const other = await store(undefined, "hunter3");
    expect(tier).toBe("daily");
    const { backup: found, passedOver } = await findEnvironment(source(false), "web");
    expect([found?.backupId, found?.manifest.app, passedOver]).toEqual([backupId, "web", []]);
    expect((await findEnvironment(source(false), undefined)).backup?.backupId).toBe(other.backupId);
    expect((await findEnvironment(source(false), "api")).backup).toBeUndefined();

    await expectRefusal(openEnvironment(source(false), backupId), UserError, /Set CASTCHAT_AGE_IDENTITY/);
    expect(await openEnvironment(source(), backupId)).toEqual(environment("web", "hunter2"));
    for (const { key: name } of await site.vault.list(`daily/${backupId}/`)) {
      const bytes = Buffer.from((await site.vault.getBytes(name))!).toString("latin1");
      expect([name, /TOKEN|hunter2/.test(bytes)]).toEqual([name, false]);
    }
  });

  it("are known by name and target to a run that cannot open them, by hashes, or else to one that can", async () => {
    const known = await sealedNamesOf(source(false), "web");
    expect([known("TOKEN", "production"), known("TOKEN", "preview"), known("OTHER", "production")]).toEqual([
      true,
      false,
      false,
    ]);
    expect((await sealedNamesOf(source(), "absent"))("TOKEN", "production")).toBe(false);
    const older = await store("older", "hunter2");
    await resign(site.vault, site.signer, older, (manifest) => {
      delete manifest.sealedNames;
    });
    expect((await sealedNamesOf(source(false), "older"))("TOKEN", "production")).toBe(false);
    expect((await sealedNamesOf(source(), "older"))("TOKEN", "production")).toBe(true);
  });

  it("are never stored in clear, and never stand in for a backup of the database", async () => {
    await expectRefusal(store("web", "hunter2", { sealer: undefined }), UserError, /only stored sealed.*age-keygen/);
    const backups = await listBackups(site.common);
    expect(() => chooseBackup(backups, {})).toThrow("no proven full backup");
  });

  it("are held until others have replaced them for as long as a daily backup is kept, whatever runs", async () => {
    const first = (await findEnvironment(source(), "web")).backup!;
    expect(await isHeld(first.backupId)).toBe(true);
    const second = await store("web", "hunter4");
    const full = (snapshotAt: Date) => {
      const manifest = { backupId: "20260701T020000Z-00000f", kind: "full", snapshotAt: snapshotAt.toISOString() };
      return {
        prefix: "daily/",
        manifest: { ...manifest, parts: [], chunks: [], files: [], leftOut: [] } as unknown as Manifest,
      };
    };
    const run = async (after: number) => {
      const vault = { ...site.vault, setLegalHold: setUnlessFull, hasLegalHold: hasUnlessFull };
      await moveLegalHold(
        vault,
        full(new Date(Date.now() + after * 86_400_000)),
        await listBackups(site.common),
        signal,
      );
    };
    const signal = new AbortController().signal;
    const hasUnlessFull: typeof site.vault.hasLegalHold = async (name, inner) =>
      !name.includes("-00000f/") && (await site.vault.hasLegalHold(name, inner));
    const setUnlessFull: typeof site.vault.setLegalHold = async (name, on, inner) => {
      if (!name.includes("-00000f/")) await site.vault.setLegalHold(name, on, inner);
    };
    await run(1);
    expect([await isHeld(first.backupId), await isHeld(second.backupId)]).toEqual([true, true]);
    await run(31);
    expect([await isHeld(first.backupId), await isHeld(second.backupId)]).toEqual([false, true]);
  });

  it("that are damaged are passed over, with a word, for those before them", async () => {
    const before = await store("api", "hunter5");
    const damaged = await store("api", "hunter6");
    await tamper(site.vault, `daily/${damaged.backupId}/proof.json`, flipped);
    const { backup: found, passedOver } = await findEnvironment(source(), "api");
    expect(found?.backupId).toBe(before.backupId);
    expect(passedOver).toEqual([expect.stringMatching(`Newer variables \\(${damaged.backupId}\\) were passed over: `)]);
    await expectRefusal(openEnvironment(source(), damaged.backupId), UserError, /no proven variables/);
    await tamper(site.vault, `daily/${before.backupId}/environment.json.zst`, flipped);
    await expectRefusal(contentOf(source(), found!), PromiseError, /environment\.json\.zst is damaged/);
  });
});

describe("environmentsToHold", () => {
  it("keeps the newest of each app, and those that were replaced a short time ago", () => {
    const days = Math.min(...TIERS.map(({ keptDays }) => keptDays));
    const of = (app: string | undefined, day: number) => {
      const snapshotAt = new Date(Date.UTC(2026, 0, 1 + day)).toISOString();
      return { manifest: { kind: "environment", app, snapshotAt } as unknown as Manifest };
    };
    const [newest, replaced, old] = [of("web", 100), of("web", 100 - days + 1), of("web", 10)];
    const other = of(undefined, 1);
    const full = { manifest: { kind: "full" } as unknown as Manifest };
    const held = environmentsToHold([newest, full, replaced, old, other], Date.UTC(2026, 0, 1 + 101));
    expect([...held]).toEqual([newest, replaced, other]);
    const later = environmentsToHold([newest, replaced, old, other], Date.UTC(2026, 0, 2 + 100 + days));
    expect([...later]).toEqual([newest, other]);
  });
});
