import { randomBytes } from "node:crypto";

import { backupIdFor } from "../../../planning/backupId.ts";
import { keyOf, MANIFEST } from "../../../recovery/vault/manifest.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { putInPlace, removeVersions } from "./inPlace.ts";

/** Later than the second of any backup that a test has just taken. */
const LATER_MS = 5_000;

/** Works while the vault has a newer backup that cannot be read. `said` is what has to be said of it when an older one is taken. */
export async function withUnreadable<T>(vault: Vault, work: (said: RegExp) => Promise<T>): Promise<T> {
  const backupId = backupIdFor(new Date(Date.now() + LATER_MS), randomBytes(3).toString("hex"));
  const key = keyOf("daily/", backupId, MANIFEST);
  await putInPlace(vault, key, Buffer.from("{"));
  try {
    return await work(new RegExp(`^Backup ${backupId} of .* is newer and was passed over: `));
  } finally {
    await removeVersions(vault, key);
  }
}
