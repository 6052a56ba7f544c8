import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { verify } from "../../../recovery/verify/verify.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import { ageOpener, ageSealer } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestDatabase, type TestDatabase } from "../../support/postgres.ts";
import { startTestCloud, type TestCloud } from "../support/cloud.ts";
import { contentOf, tamper } from "../support/sample.ts";

let cloud: TestCloud;
let source: TestDatabase;
let target: TestDatabase;
let vault: Vault;
let signer: Signer;
let trustedKeys: string[];
let identity: string;
let backupId: string;
let at: string;
beforeAll(async () => {
  [cloud, source, target] = await Promise.all([startTestCloud(), startTestDatabase(), startTestDatabase()]);
  signer = await cloud.newSigner();
  trustedKeys = [await signer.publicKeyPem()];
  vault = await cloud.newVault();
  identity = await generateX25519Identity();
  await applySchema(source.url);
  await fill(source.url, { rows: 40 });
  const sealer = ageSealer([await identityToRecipient(identity)]);
  const result = await backup({
    databaseUrl: source.url,
    vault,
    signer,
    sealer,
    tiers: TIERS,
    clock: systemClock,
    configuration: () => Promise.resolve({ zone: "castchat.example" }),
    reporter: silent,
  });
  backupId = result.backupId;
  at = `${result.tier}/${backupId}`;
});
afterAll(async () => {
  await Promise.all([cloud.stop(), source.stop(), target.stop()]);
});

const check = (opener?: ReturnType<typeof ageOpener>) =>
  verify({ vault, trustedKeys, opener, tiers: TIERS, reporter: silent });
const restoreWith = (opener?: ReturnType<typeof ageOpener>) =>
  restore({
    vault,
    trustedKeys,
    opener,
    tiers: TIERS,
    targetUrl: target.url,
    generation: 1,
    clock: systemClock,
    reporter: silent,
  });

describe("an encrypted backup", () => {
  it("leaves nothing but its manifest readable in the vault", async () => {
    const [summary] = await listBackups({ vault, trustedKeys, tiers: TIERS });
    expect(summary).toMatchObject({ backupId, proven: true });
    expect(summary!.manifest!.encryption!.recipients).toEqual([await identityToRecipient(identity)]);
    const objects = await vault.list(at);
    expect(objects.length).toBeGreaterThan(6);
    for (const { key } of objects) {
      const bytes = Buffer.from((await vault.getBytes(key))!);
      const isSealed = bytes.subarray(0, 21).toString() === "age-encryption.org/v1";
      expect([key, isSealed]).toEqual([key, !/\/(manifest\.(json|sig)|proof\.json)$/.test(key)]);
    }
  });

  it("is verified by its hashes without the identity, and by its rows with it", async () => {
    expect(await check()).toMatchObject({ backupId, isDecrypted: false });
    expect(await check(ageOpener([identity]))).toMatchObject({ backupId, isDecrypted: true });
    await expect(check(ageOpener([await generateX25519Identity()]))).rejects.toThrow(
      "is not encrypted to any of the given age identities",
    );
  });

  it("is restored with the identity, and refused without it or with another one", async () => {
    await expect(restoreWith()).rejects.toThrow(/is encrypted to age1.*Set CASTCHAT_AGE_IDENTITY/);
    await expect(restoreWith()).rejects.toBeInstanceOf(UserError);
    await expect(restoreWith(ageOpener([await generateX25519Identity()]))).rejects.toBeInstanceOf(UserError);
    await restoreWith(ageOpener([identity]));
    expect(await contentOf(target.url)).toEqual(await contentOf(source.url));
  });

  it("is not taken when one of its objects was altered", async () => {
    await tamper(vault, `${at}/data/000001.copy.zst`, (content) => {
      const copy = Buffer.from(content);
      copy[copy.length >> 1]! ^= 1;
      return copy;
    });
    await expect(check()).rejects.toThrow("its SHA-256 is not the manifest's");
    await expect(check(ageOpener([identity]))).rejects.toThrow("its SHA-256 is not the manifest's");
  });
});
