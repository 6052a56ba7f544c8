import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import type { BackupOptions, BackupResult } from "../../../recovery/backup/backupOptions.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import { type BackupSummary, listBackups } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { readVerifications, type VerifiedState } from "../../../recovery/vault/verification.ts";
import { verify, type VerifyOptions, type VerifyResult } from "../../../recovery/verify/verify.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { startSourceAndTarget, startTestSource, type TestSource } from "./source.ts";

/** A source, and what is done with its backups. The vault is the source's own unless another one is given. */
export interface BackingUp extends Omit<TestSource, "backUp"> {
  backUp(vault?: Vault, more?: Partial<BackupOptions>): Promise<BackupResult>;
  /** A vault's backups, newest first. */
  list(vault?: Vault): Promise<BackupSummary[]>;
  /** The manifest of a backup. @default - the newest one's */
  manifestOf(vault?: Vault, backupId?: string): Promise<Manifest>;
  check(vault?: Vault, more?: Partial<VerifyOptions>): Promise<VerifyResult>;
  /** What the verifications of a vault's newest backup show. */
  verified(vault?: Vault, trustedKeys?: string[]): Promise<VerifiedState>;
  restoreInto(targetUrl: string, vault?: Vault, more?: Partial<RestoreOptions>): ReturnType<typeof restore>;
}

/** The same with a target. */
export interface RoundTrip extends BackingUp {
  target: TestDatabase;
}

/** Starts it within some seconds, with so many rows of the sample's. Call stop() in afterAll. */
export async function startBackingUp(sampleRows = 0): Promise<BackingUp> {
  return withBackups(await withSample(await startTestSource(), sampleRows));
}

/** Starts it within some seconds, with so many rows of the sample's. Call stop() in afterAll. */
export async function startRoundTrip(sampleRows = 0): Promise<RoundTrip> {
  const source = await withSample(await startSourceAndTarget(), sampleRows);
  return { ...source, ...withBackups(source) };
}

async function withSample<T extends TestSource>(source: T, rows: number): Promise<T> {
  if (rows === 0) return source;
  try {
    await applySchema(source.database.url);
    await fill(source.database.url, { rows });
  } catch (error) {
    await source.stop();
    throw error;
  }
  return source;
}

function withBackups(source: TestSource): BackingUp {
  const { common, database, signer, vault: own } = source;
  const list = (vault = own) => listBackups({ ...common, vault });
  return {
    ...source,
    list,
    backUp: (vault = own, more) => backup({ ...common, databaseUrl: database.url, vault, signer, ...more }),
    async manifestOf(vault, backupId) {
      const all = await list(vault);
      return all.find((one) => one.backupId === (backupId ?? all[0]?.backupId))!.manifest!;
    },
    async verified(vault = own, trustedKeys = common.trustedKeys) {
      const [newest] = await list(vault);
      return readVerifications(vault, { backupId: newest!.backupId, ...newest!.verifications! }, trustedKeys);
    },
    check: (vault = own, more) => verify({ ...common, vault, ...more }),
    restoreInto: (targetUrl, vault = own, more) => restore({ ...common, vault, targetUrl, generation: 1, ...more }),
  };
}
