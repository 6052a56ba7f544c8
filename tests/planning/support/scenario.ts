import { missedOn } from "../../../planning/retention/schedule.ts";
import type { Scenario } from "../../../planning/retention/simulation.ts";
import { dayNamed } from "../../../planning/retention/time.ts";
import type { DeclaredVault, LifecycleRule } from "../../../planning/retention/vault.ts";
import { TIERS } from "../../../planning/tiers.ts";

export const day = (text: string): number => dayNamed(text)!;
export const at = (text: string): number => Date.parse(`${text}Z`);

/** The rules that keep every promise, written out so that they don't depend on the tier table. */
export const RULES: readonly LifecycleRule[] = [
  rule("daily", 30),
  { ...rule("weekly", 92), transitions: [{ days: 30, storageClass: "STANDARD_IA" }] },
  { ...rule("monthly", 366), transitions: [{ days: 30, storageClass: "GLACIER_IR" }] },
  { ...rule("annual", 1827), transitions: [{ days: 30, storageClass: "GLACIER_IR" }] },
  { id: "clean-up", prefix: "", removesLoneMarkers: true, abortUploadDays: 1, transitions: [] },
];

function rule(id: string, expireDays: number): LifecycleRule {
  return { id, prefix: `${id}/`, expireDays, noncurrentDays: 1, removesLoneMarkers: false, transitions: [] };
}

/** The rules with one of them changed; an undefined value removes a property. */
export function rulesWith(
  id: string,
  change: { [K in keyof LifecycleRule]?: LifecycleRule[K] | undefined },
): LifecycleRule[] {
  return RULES.map((one) => {
    if (one.id !== id) return one;
    const entries = Object.entries({ ...one, ...change }).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as unknown as LifecycleRule;
  });
}

const KEPT = { versioned: true, objectLock: true, rules: RULES };
export const REPLICA: DeclaredVault = {
  stack: "dr",
  bucket: "replica",
  region: "ap-northeast-3",
  ...KEPT,
  replications: [],
};
export const PRIMARY: DeclaredVault = {
  stack: "prod",
  bucket: "vault",
  region: "ap-northeast-1",
  ...KEPT,
  replications: [
    {
      id: "standby",
      prefix: "",
      destinationBucketArn: "arn:aws:s3:::replica",
      timeControl: true,
      encryptedObjects: true,
      replicaKeyArn: "arn:aws:kms:::key/replica",
      deletions: false,
    },
  ],
};

/** Two vaults, four runs a day, from 23 November 2026. */
export function scenario(
  change: Partial<Scenario> & { days?: number; from?: string; missed?: readonly string[] } = {},
): Scenario {
  const { days = 3287, from = "2026-11-23", missed = [], ...rest } = change;
  const isMissed = missedOn(new Set(missed.map(day)));
  return {
    primary: PRIMARY,
    replica: REPLICA,
    tiers: TIERS,
    replicationLagMs: 900_000,
    schedule: { firstDay: day(from), days, intervalHours: 6, runMs: 600_000, isMissed },
    workload: { dumpBytes: 2 * 2 ** 30, growthPerYear: 0 },
    ...rest,
  };
}
