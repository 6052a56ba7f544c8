import { afterAll, beforeAll, expect } from "@jest/globals";

import { localSigner, newPrivateKey, publicKeyOf } from "../../../lab/bench/localSigner.ts";
import { backup, type BackupOptions } from "../../../recovery/backup/backup.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { verify } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import { s3Vault } from "../../../services/vault/s3Vault.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../../recovery/support/cloud.ts";
import { dumpOf, runSql } from "../../recovery/support/sample.ts";
import { type FreshDatabase, startTargetServer, type TargetServer } from "../../support/targetServer.ts";
import { SAMPLE } from "./databases.ts";
import { type RunnerOrder, type Store, TIERS } from "./order.ts";

/** The start of nearly every test of a fault: S3, a server, the sample in one of its databases, and a key. */
export interface Setting {
  cloud: TestCloud;
  server: TargetServer;
  source: FreshDatabase;
  /** The digest of a stock pg_dump of the sample. */
  content: string;
  privateKey: string;
  trustedKeys: string[];
  /** A new bucket. */
  newStore(): Promise<Store>;
  order(kind: RunnerOrder["kind"], databaseUrl: string, store: Store): RunnerOrder;
  /** A backup in this process. */
  backUp(vault: Vault, databaseUrl?: string, more?: Partial<BackupOptions>): ReturnType<typeof backup>;
  list(vault: Vault): ReturnType<typeof listBackups>;
  /** The ids of the proven backups, newest first. */
  proven(vault: Vault): Promise<string[]>;
  check(vault: Vault, backupId?: string): ReturnType<typeof verify>;
  /** A restore in this process, with the same id in every call. */
  restoreInto(target: { url: string }, vault: Vault, backupId?: string): ReturnType<typeof restore>;
  stop(): Promise<void>;
}

/** The setting of the suite that calls this: started before its tests, stopped after them. */
export function suiteSetting(): Setting {
  const setting = {} as Setting;
  beforeAll(async () => {
    Object.assign(setting, await startSetting());
  }, 60_000);
  afterAll(() => setting.stop());
  return setting;
}

async function startSetting(): Promise<Setting> {
  const [cloud, server] = await Promise.all([startTestCloud(), startTargetServer()]);
  const source = await server.newDatabase();
  await runSql(source.url, SAMPLE);
  const privateKey = newPrivateKey();
  const trustedKeys = [publicKeyOf(privateKey)];
  const shared = { trustedKeys, tiers: TIERS, reporter: silent };
  const list = (vault: Vault) => listBackups({ vault, trustedKeys, tiers: TIERS });
  return {
    cloud,
    server,
    source,
    content: dumpOf(source.superuserUrl),
    privateKey,
    trustedKeys,
    newStore: async () => ({ bucket: (await cloud.newVault()).name, region: cloud.region, endpoint: cloud.endpoint }),
    order: (kind, databaseUrl, store) => ({ kind, databaseUrl, store, privateKey }),
    backUp: (vault, databaseUrl = source.url, more = {}) =>
      backup({ ...shared, databaseUrl, vault, signer: localSigner(privateKey), clock: systemClock, ...more }),
    list,
    proven: async (vault) => (await list(vault)).filter((one) => one.proven).map((one) => one.backupId),
    check: (vault, backupId) => verify({ ...shared, vault, backupId }),
    restoreInto: (target, vault, backupId) =>
      restore({ ...shared, vault, targetUrl: target.url, backupId, generation: 1, clock: systemClock }),
    async stop() {
      await Promise.all([cloud.stop(), server.stop()]);
    },
  };
}

/** Expects that work ends with one message for the operator. */
export async function refusesUser(work: Promise<unknown>, message: RegExp): Promise<void> {
  const failure: unknown = await work.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  expect((failure as Error).message).toMatch(message);
}

/** The vault in a store. */
export const vaultIn = (store: Store): Vault => s3Vault(store);
