import { describe, expect, it } from "@jest/globals";

import { TIERS } from "../../../planning/tiers.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { PassedOver } from "../../../services/vault/passedOver.ts";
import type { ListedObject, Vault } from "../../../services/vault/vault.ts";

const MB = 1_000_000;

/** A vault with manifests of these sizes, none of them signed. It notes the most bytes that were read at once. */
function vaultWith(sizes: readonly number[]): { vault: Vault; mostBytes: () => number } {
  const objects = sizes.map((sizeBytes, at): ListedObject => {
    const key = `daily/20260701T0${at % 10}0000Z-${String(at).padStart(6, "0")}/manifest.json`;
    return { key, sizeBytes, versionId: "v", modifiedAt: new Date(0) };
  });
  let now = 0;
  let most = 0;
  const read = async (key: string): Promise<undefined> => {
    const sizeBytes = objects.find((one) => one.key === key)?.sizeBytes ?? 0;
    now += sizeBytes;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= sizeBytes;
  };
  const vault = {
    name: "vault",
    passedOver: new PassedOver(),
    list: (prefix: string) => Promise.resolve(prefix === "daily/" ? objects : []),
    versions: () => Promise.resolve([]),
    getBytes: read,
  };
  return { vault: vault as unknown as Vault, mostBytes: () => most };
}

describe("listBackups", () => {
  it("reads manifests that a writer has made huge one after the other, so that none of them ends it for lack of memory", async () => {
    const { vault, mostBytes } = vaultWith([
      ...Array.from({ length: 15 }, () => 390 * MB),
      ...Array.from({ length: 30 }, () => MB),
    ]);
    const backups = await listBackups({ vault, trustedKeys: ["a key"], tiers: TIERS });
    expect(backups).toHaveLength(45);
    expect(mostBytes()).toBe(390 * MB);
  });
});
