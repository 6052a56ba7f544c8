import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Signer } from "../../../services/signer/signer.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../support/cloud.ts";
import { resign } from "../support/resign.ts";

let cloud: TestCloud;
let vault: Vault;
let signer: Signer;
let trustedKeys: string[];
beforeAll(async () => {
  cloud = await startTestCloud();
  vault = await cloud.newVault();
  signer = await cloud.newSigner();
  trustedKeys = [await signer.publicKeyPem()];
});
afterAll(() => cloud.stop());

/** A backup of the configuration of an hour: its parts hold that hour, and others are missing. */
async function taken(hour: number, parts: string[], missing: string[]) {
  const content = {
    takenAt: `${hour}`,
    ...Object.fromEntries(parts.map((part) => [part, { of: hour }])),
    missing: missing.map((part) => ({ part, reason: "refused" })),
  };
  return await backup({
    kind: "configuration",
    vault,
    signer,
    tiers: TIERS,
    reporter: silent,
    clock: () => new Date(Date.UTC(2026, 6, 1, hour)),
    configuration: () => Promise.resolve(content),
  });
}
const read = async (backupId?: string) =>
  (await readConfiguration({ vault, trustedKeys, tiers: TIERS, backupId })).configuration;

describe("the configuration", () => {
  it("is the newest, each part that it lacks from the newest backup that has it, and says so", async () => {
    const first = await taken(1, ["application", "dns"], ["repository"]);
    const second = await taken(2, ["dns"], ["application", "repository"]);
    const third = await taken(3, [], ["application", "dns", "repository"]);
    expect(third.leftOut).toContainEqual({ what: "the configuration's part dns", why: "refused", failed: true });
    // One from before the manifest said what is missing is looked into.
    await resign(vault, signer, second, (manifest) => {
      delete manifest.lacks;
    });
    expect(await read()).toEqual({
      takenAt: "3",
      application: { of: 1 },
      dns: { of: 2 },
      missing: [{ part: "repository", reason: "refused" }],
      from: {
        application: { backupId: first.backupId, snapshotAt: first.snapshotAt },
        dns: { backupId: second.backupId, snapshotAt: second.snapshotAt },
      },
    });
    // One that is named is shown as it is.
    expect(await read(third.backupId)).toMatchObject({ missing: [{}, {}, {}] });
    const whole = await taken(4, ["application", "dns", "repository"], []);
    expect(whole.leftOut.filter(({ failed }) => failed)).toEqual([]);
    expect(await read()).not.toHaveProperty("from");
  });
});
