import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { generateX25519Identity, identityToRecipient } from "age-encryption";

import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { UserError } from "../../../services/common/errors.ts";
import { ageOpener, ageSealer, type Opener } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { type RoundTrip, startRoundTrip } from "../support/backingUp.ts";
import { contentOf, tamper } from "../support/sample.ts";

let started: RoundTrip;
let vault: Vault;
let identity: string;
let backupId: string;
let at: string;
beforeAll(async () => {
  started = await startRoundTrip();
  ({ vault } = started);
  identity = await generateX25519Identity();
  await applySchema(started.database.url);
  await fill(started.database.url, { rows: 40 });
  const sealer = ageSealer([await identityToRecipient(identity)]);
  const configuration = () => Promise.resolve({ zone: "castchat.example" });
  const result = await started.backUp(vault, { sealer, configuration });
  backupId = result.backupId;
  at = `${result.tier}/${backupId}`;
});
afterAll(() => started.stop());

const check = (opener?: Opener) => started.check(vault, { opener });
const restoreWith = (opener?: Opener) => started.restoreInto(started.target.url, vault, { opener });

describe("an encrypted backup", () => {
  it("leaves nothing but its manifest readable in the vault", async () => {
    const [summary] = await started.list(vault);
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
    expect(await contentOf(started.target.url)).toEqual(await contentOf(started.database.url));
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
