import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

import type { Timing } from "../../../services/common/timing.ts";
import type { Signer } from "../../../services/signer/signer.ts";

/** What a runner is asked to do, as JSON on its standard input. */
export interface RunnerOrder {
  kind: "backup" | "restore";
  /** The source's, or the target's. */
  databaseUrl: string;
  store: Store;
  /** PEM of the key that signs; its public half is trusted. */
  privateKey: string;
  /** A restore of this backup; else of the newest. */
  backupId?: string;
  /** See BackupOptions. */
  timing?: Timing;
  /** How long it stays at the begin of each phase, so that a fault can come in its midst on a machine of any speed. */
  lingerMs?: number;
}

/** Where S3 lies. */
export interface Store {
  bucket: string;
  region: string;
  endpoint: string;
  /** See VaultOptions. */
  timing?: Timing;
}

/** What a runner says: a line of JSON for every sentence, then one for its end. */
export type RunnerLine =
  { said: string } | { result: { backupId: string } } | { failure: { name: string; message: string } };

/** One tier without locks: nothing of a test outlives it. */
export const TIERS = [{ name: "daily", prefix: "daily/", period: "run" }] as const;

/** A new key for signatures, PEM. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Its public half, PEM. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
}

/** Signs with a key in memory. */
export function localSigner(privateKey: string): Signer {
  return {
    publicKeyPem: () => Promise.resolve(publicKeyOf(privateKey)),
    sign: (bytes) => Promise.resolve(sign("sha256", bytes, createPrivateKey(privateKey))),
  };
}
