import { TIERS } from "../../../planning/tiers.ts";
import { backup, type BackupOptions } from "../../../recovery/backup/backup.ts";
import type { ReplaceOptions } from "../../../recovery/restore/inPlace/replaceSteps.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import type { Manifest } from "../../../recovery/vault/manifest.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import { startTestDatabase } from "../../support/postgres.ts";
import { startTestCloud, type TestCloud } from "./cloud.ts";

/** A vault and a key of its own, and the options of what saves databases there and brings them back. */
export type Site = Awaited<ReturnType<typeof newSite>>;

/** Makes a site in a test's cloud. */
export async function newSite(cloud: TestCloud) {
  const [signer, vault] = [await cloud.newSigner(), await cloud.newVault()];
  const trustedKeys = [await signer.publicKeyPem()];
  /** What every command takes. */
  const common = { vault, trustedKeys, tiers: TIERS, clock: systemClock, reporter: silent };
  return {
    vault,
    signer,
    trustedKeys,
    common,
    backUp: (databaseUrl: string, more: Partial<BackupOptions> = {}) =>
      backup({ ...common, databaseUrl, signer, ...more }),
    /** The manifest of a backup in the vault. @default - the newest one's */
    savedManifest: async (backupId?: string): Promise<Manifest> => {
      const backups = await listBackups(common);
      return backups.find((one) => backupId === undefined || one.backupId === backupId)!.manifest!;
    },
    /** The order to a process of its own that restores into a database (killing.ts). */
    order(targetUrl: string, more: { backupId?: string | undefined; tables?: string[] } = {}): object {
      const { region, endpoint } = cloud;
      return { bucket: vault.name, region, endpoint, trustedKeys, keyId: signer.keyId, targetUrl, ...more };
    },
    /** Options of a replacement that is confirmed and takes no safety backup. */
    replacing: (targetUrl: string, more: Partial<ReplaceOptions> = {}): ReplaceOptions => ({
      ...common,
      targetUrl,
      confirm: () => Promise.resolve(),
      saveFirst: () => Promise.resolve("20260101T000000Z-000000"),
      ...more,
    }),
  };
}

/** S3 and KMS, a database to back up, and a site for it. */
export type TestSource = Awaited<ReturnType<typeof startTestSource>>;

/** Starts both within some seconds. If one of the two cannot be started, the other is stopped. Call stop() in afterAll. */
export async function startTestSource() {
  const [cloud, database, stop] = await both(startTestCloud(), startTestDatabase());
  return { ...(await newSite(cloud)), cloud, database, stop };
}

/** The same with a second database, to restore into. */
export async function startSourceAndTarget() {
  const [source, target, stop] = await both(startTestSource(), startTestDatabase());
  return { ...source, target, stop };
}

/** What was started, with what its preparation has made. Stopped if that fails. */
export async function prepared<A extends Stoppable, B extends object>(
  start: Promise<A>,
  prepare: (started: A) => Promise<B>,
): Promise<A & B> {
  const started = await start;
  try {
    return { ...started, ...(await prepare(started)) };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

interface Stoppable {
  stop(): Promise<void>;
}

/** Waits for two starts. Returns both with what stops them. */
export async function both<A extends Stoppable, B extends Stoppable>(
  ...starts: [Promise<A>, Promise<B>]
): Promise<[A, B, () => Promise<void>]> {
  const started = await Promise.allSettled(starts);
  const stop = async () => {
    await Promise.all(started.flatMap((one) => (one.status === "fulfilled" ? [one.value.stop()] : [])));
  };
  if (started.some(({ status }) => status === "rejected")) await stop();
  return [...(await Promise.all(starts)), stop];
}
