import { TIERS } from "../../../planning/tiers.ts";
import { backup, type BackupOptions, type BackupResult } from "../../../recovery/backup/backup.ts";
import type { ReplaceOptions } from "../../../recovery/restore/inPlace/replaceSteps.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { startTestCloud, type TestCloud } from "./cloud.ts";

/** A vault and a key of its own, and the options of what saves databases there and brings them back. */
export interface Site {
  vault: Vault;
  signer: Signer & { keyId: string };
  /** The signer's public key. */
  trustedKeys: string[];
  /** What every command takes. */
  common: Pick<ReplaceOptions, "vault" | "trustedKeys" | "tiers" | "clock" | "reporter">;
  backUp(databaseUrl: string, more?: Partial<BackupOptions>): Promise<BackupResult>;
  /** Of a replacement that is confirmed and takes no safety backup. */
  replacing(targetUrl: string, more?: Partial<ReplaceOptions>): ReplaceOptions;
}

/** Makes a site in a test's cloud. */
export async function newSite(cloud: TestCloud): Promise<Site> {
  const [signer, vault] = [await cloud.newSigner(), await cloud.newVault()];
  const trustedKeys = [await signer.publicKeyPem()];
  const common = { vault, trustedKeys, tiers: TIERS, clock: systemClock, reporter: silent };
  return {
    ...{ vault, signer, trustedKeys, common },
    backUp: (databaseUrl, more = {}) => backup({ ...common, databaseUrl, signer, ...more }),
    replacing: (targetUrl, more = {}) => ({
      ...{ ...common, targetUrl, confirm: () => Promise.resolve() },
      saveFirst: () => Promise.resolve("20260101T000000Z-000000"),
      ...more,
    }),
  };
}

/** S3 and KMS, a database to back up, and a site for it. */
export interface TestSource extends Site {
  cloud: TestCloud;
  database: TestDatabase;
  stop(): Promise<void>;
}

/** Starts both within some seconds. If one of the two cannot be started, the other is stopped. Call stop() in afterAll. */
export async function startTestSource(): Promise<TestSource> {
  const [cloud, database, stop] = await both(startTestCloud(), startTestDatabase());
  return { ...(await newSite(cloud)), cloud, database, stop };
}

/** The same with a second database, to restore into. */
export async function startSourceAndTarget(): Promise<TestSource & { target: TestDatabase }> {
  const [source, target, stop] = await both(startTestSource(), startTestDatabase());
  return { ...source, target, stop };
}

type Stoppable = Pick<TestSource, "stop">;

/** Waits for two starts. Returns both with what stops them. */
export async function both<A extends Stoppable, B extends Stoppable>(
  ...starts: [Promise<A>, Promise<B>]
): Promise<[A, B, () => Promise<void>]> {
  const started = await Promise.allSettled(starts);
  const stop = async () => {
    await Promise.all(started.flatMap((one) => (one.status === "fulfilled" ? [one.value.stop()] : [])));
  };
  const failed = started.find((one) => one.status === "rejected");
  if (failed !== undefined) await stop();
  return [...(await Promise.all(starts)), stop];
}
