import { beforeAll, describe, expect, it } from "@jest/globals";

import { UserError } from "../../../services/common/errors.ts";
import type { Opener } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
import { startRoundTrip } from "../support/backingUp.ts";
import { contentOf, flipped, tamper } from "../support/sample.ts";

const started = forSuite(() => startRoundTrip(40));
let vault: Vault;
let key: Awaited<ReturnType<typeof newAgeKey>>;
let backupId: string;
let at: string;
beforeAll(async () => {
  ({ vault } = started);
  key = await newAgeKey();
  const configuration = () => Promise.resolve({ zone: "castchat.example" });
  const result = await started.backUp(vault, { sealer: key.sealer, configuration });
  backupId = result.backupId;
  at = `${result.tier}/${backupId}`;
});

const check = (opener?: Opener) => started.check(vault, { opener });
const restoreWith = (opener?: Opener) => started.restoreInto(started.target.url, vault, { opener });
const anotherOpener = async () => (await newAgeKey()).opener;

describe("an encrypted backup", () => {
  it("leaves nothing but its manifest readable in the vault", async () => {
    const [summary] = await started.list();
    expect(summary).toMatchObject({ backupId, proven: true });
    expect(summary!.manifest!.encryption!.recipients).toEqual([key.recipient]);
    const objects = await vault.list(at);
    expect(objects.length).toBeGreaterThan(6);
    for (const { key: name } of objects) {
      const bytes = Buffer.from((await vault.getBytes(name))!);
      const isSealed = bytes.subarray(0, 21).toString() === "age-encryption.org/v1";
      expect([name, isSealed]).toEqual([name, !/\/(manifest\.(json|sig)|proof\.json)$/.test(name)]);
    }
  });

  it("is verified by its hashes without the identity, and by its rows with it", async () => {
    expect(await check()).toMatchObject({ backupId, isDecrypted: false });
    expect(await check(key.opener)).toMatchObject({ backupId, isDecrypted: true });
    const others = check(await anotherOpener());
    await expect(others).rejects.toThrow("is not encrypted to any of the given age identities");
  });

  it("is restored with the identity, and refused without it or with another one", async () => {
    await expectRefusal(restoreWith(), UserError, /is encrypted to age1.*Set CASTCHAT_AGE_IDENTITY/);
    await expect(restoreWith(await anotherOpener())).rejects.toBeInstanceOf(UserError);
    await restoreWith(key.opener);
    expect(await contentOf(started.target.url)).toEqual(await contentOf(started.database.url));
  });

  it("is not taken when one of its objects was altered", async () => {
    await tamper(vault, `${at}/data/000001.copy.zst`, flipped);
    await expect(check()).rejects.toThrow("its SHA-256 is not the manifest's");
    await expect(check(key.opener)).rejects.toThrow("its SHA-256 is not the manifest's");
  });
});
