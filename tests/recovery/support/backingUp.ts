import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import type { BackupOptions, BackupResult } from "../../../recovery/backup/backupOptions.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import { type BackupSummary, listBackups } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { verify, type VerifyOptions, type VerifyResult } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { startSourceAndTarget, startTestSource, type TestSource } from "./source.ts";

/** A source, and what is done with its backups by its key. */
export interface BackingUp extends Omit<TestSource, "backUp"> {
  backUp(vault: Vault, more?: Partial<BackupOptions>): Promise<BackupResult>;
  /** A vault's backups, newest first. */
  list(vault: Vault): Promise<BackupSummary[]>;
  /** The manifest of a backup. @default - the newest one's */
  manifestOf(vault: Vault, backupId?: string): Promise<Manifest>;
  check(vault: Vault, more?: Partial<VerifyOptions>): Promise<VerifyResult>;
  restoreInto(targetUrl: string, vault: Vault, more?: Partial<RestoreOptions>): ReturnType<typeof restore>;
}

/** The same with a target. */
export interface RoundTrip extends BackingUp {
  target: TestDatabase;
}

/** Starts it within some seconds. Call stop() in afterAll. */
export async function startBackingUp(): Promise<BackingUp> {
  return withBackups(await startTestSource());
}

/** Starts it within some seconds. Call stop() in afterAll. */
export async function startRoundTrip(): Promise<RoundTrip> {
  const source = await startSourceAndTarget();
  return { ...source, ...withBackups(source) };
}

function withBackups(source: TestSource): BackingUp {
  const { database, signer, trustedKeys } = source;
  const common = { trustedKeys, tiers: TIERS, clock: systemClock, reporter: silent };
  const list = (vault: Vault) => listBackups({ ...common, vault });
  return {
    ...source,
    list,
    backUp: (vault, more) => backup({ ...common, databaseUrl: database.url, vault, signer, ...more }),
    async manifestOf(vault, backupId) {
      const all = await list(vault);
      return all.find((one) => one.backupId === (backupId ?? all[0]?.backupId))!.manifest!;
    },
    check: (vault, more) => verify({ ...common, vault, ...more }),
    restoreInto: (targetUrl, vault, more) => restore({ ...common, vault, targetUrl, generation: 1, ...more }),
  };
}
