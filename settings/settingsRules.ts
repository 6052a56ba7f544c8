import { LONGEST_INTERVAL_HOURS, RUN_LIMIT_MINUTES } from "../planning/schedule.ts";
import { faultsOfOverrides } from "../planning/tiers.ts";
import type { SettingValues } from "./schema.ts";
import { supabaseRegionFault } from "./supabaseRegions.ts";

/** A rule between settings that is broken. `keys` are the settings it looks at, the one to change first. */
export interface SettingFault {
  readonly keys: readonly [keyof SettingValues, ...(keyof SettingValues)[]];
  /** What is wrong and what to do; follows the first key's name. */
  readonly sentence: string;
}

/** Values that passed their own check; the others are absent. */
type Values = Partial<SettingValues>;

/** The rules that hold between settings. Rules that look at a value which isn't there stay silent. */
export function faultsOfSettings(values: Values): SettingFault[] {
  return [
    ...placeFaults(values),
    ...nameFaults(values),
    ...backupFaults(values),
    ...disposableFaults(values),
    ...roleFaults(values),
  ];
}

/** A vault can be thrown away only where something stands in for AWS, or in a stack that only drills. */
function disposableFaults({ disposableVault, endpointAws, mode }: Values): SettingFault[] {
  if (disposableVault !== true || endpointAws !== undefined || mode === "drill") return [];
  return [
    {
      keys: ["disposableVault", "endpointAws", "mode"],
      sentence:
        "is true, but the vault lies in AWS and the stack is no drill; remove it: the way to give a vault up is `castchat-recovery vault retire`.",
    },
  ];
}

function placeFaults({ awsRegion, peerAwsRegion, supabaseRegion }: Values): SettingFault[] {
  const faults: SettingFault[] = [];
  if (awsRegion !== undefined && awsRegion === peerAwsRegion) {
    faults.push({
      keys: ["peerAwsRegion", "awsRegion"],
      sentence: `is "${peerAwsRegion}", the same as awsRegion; choose another region, or both stacks are lost together.`,
    });
  }
  // Without it the first drill or recovery would find out: a standby creates no project before.
  const unknown = supabaseRegion === undefined ? undefined : supabaseRegionFault(supabaseRegion);
  if (unknown !== undefined) {
    faults.push({ keys: ["supabaseRegion"], sentence: `is "${supabaseRegion}", ${unknown}` });
  }
  return faults;
}

function nameFaults({ publicName, zoneName, repository, mirrorOwner, mirrorRepository }: Values): SettingFault[] {
  const faults: SettingFault[] = [];
  if (publicName !== undefined && zoneName !== undefined && !`.${publicName}`.endsWith(`.${zoneName}`)) {
    faults.push({
      keys: ["publicName", "zoneName"],
      sentence: `is "${publicName}", which doesn't lie in the zone "${zoneName}"; choose a name that ends in it.`,
    });
  }
  if (mirrorOwner !== undefined && repository === `${mirrorOwner}/${mirrorRepository ?? ""}`) {
    faults.push({
      keys: ["mirrorRepository", "mirrorOwner", "repository"],
      sentence: `makes the mirror "${repository}" the very repository that it mirrors; choose another name or owner.`,
    });
  }
  return faults;
}

function backupFaults({ backup, at, tierOverrides, intervalHours }: Values): SettingFault[] {
  const faults: SettingFault[] = [];
  if (intervalHours !== undefined && intervalHours > LONGEST_INTERVAL_HOURS) {
    faults.push({
      keys: ["intervalHours"],
      sentence: `is ${intervalHours}, but a run may take ${RUN_LIMIT_MINUTES} minutes and its replica a quarter of an hour: set at most ${LONGEST_INTERVAL_HOURS}, or more than 24 hours can be lost.`,
    });
  }
  if (backup !== undefined && at !== undefined) {
    faults.push({
      keys: ["at", "backup"],
      sentence: "is set as well as backup; set one of them, or none for the newest backup.",
    });
  }
  for (const sentence of faultsOfOverrides(tierOverrides ?? {})) {
    faults.push({ keys: ["tierOverrides"], sentence: `is too short: ${sentence}.` });
  }
  return faults;
}

function roleFaults(values: Values): SettingFault[] {
  if (values.role === "primary") return primaryFaults(values);
  if (values.role === "standby") return standbyFaults(values);
  return [];
}

function primaryFaults(values: Values): SettingFault[] {
  const { mode, standbyVault, standbyVaultBucketArn: bucket, standbyVaultKeyArn: key } = values;
  const { peerAwsAccountId: account, peerAwsRegion: region } = values;
  const faults: SettingFault[] = [];
  if (mode !== undefined) {
    faults.push({ keys: ["mode", "role"], sentence: `is "${mode}", but only a standby has a mode; remove it.` });
  }
  if (standbyVault === "none") {
    if (bucket !== undefined || key !== undefined) {
      faults.push({
        keys: ["standbyVault", "standbyVaultBucketArn", "standbyVaultKeyArn"],
        sentence: 'is "none", but a standby vault\'s address is set; remove one of the two.',
      });
    }
    return faults;
  }
  if (bucket === undefined || key === undefined) {
    const missing = bucket === undefined ? "standbyVaultBucketArn" : "standbyVaultKeyArn";
    faults.push({
      keys: [missing, "standbyVaultBucketArn", "standbyVaultKeyArn", "standbyVault"],
      sentence: `is not set; give the standby's outputs vaultBucketArn and vaultKeyArn, or standbyVault "none" to go without a replica.`,
    });
  }
  if (
    key !== undefined &&
    region !== undefined &&
    account !== undefined &&
    !key.startsWith(`arn:aws:kms:${region}:${account}:`)
  ) {
    faults.push({
      keys: ["standbyVaultKeyArn", "peerAwsRegion", "peerAwsAccountId"],
      sentence: `is "${key}", which lies outside of peerAwsRegion ${region} and peerAwsAccountId ${account}; give the standby's own key.`,
    });
  }
  return faults;
}

function standbyFaults(values: Values): SettingFault[] {
  const { mode = "standby", trustedWriterKeys, generation = 1 } = values;
  const faults: SettingFault[] = [];
  for (const key of ["mirrorOwner", "mirrorRepository"] as const) {
    if (values[key] === undefined) {
      faults.push({ keys: [key, "role"], sentence: "is not set; a standby keeps a mirror of the code, name where." });
    }
  }
  for (const key of ["standbyVault", "standbyVaultBucketArn", "standbyVaultKeyArn"] as const) {
    if (values[key] !== undefined) {
      faults.push({ keys: [key, "role"], sentence: "is set, but only a primary replicates its vault; remove it." });
    }
  }
  if (mode !== "standby" && trustedWriterKeys?.length === 0) {
    faults.push({
      keys: ["trustedWriterKeys", "mode"],
      sentence: `is not set; mode "${mode}" restores only backups signed by a key in it: give the primary's output signingPublicKey.`,
    });
  }
  if (mode === "active" && generation < 2) {
    faults.push({
      keys: ["generation", "mode"],
      sentence: `is ${generation}, which the primary holds; taking the traffic over needs a higher one, 2 for the first recovery.`,
    });
  }
  return faults;
}
