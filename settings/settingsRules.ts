import { LONGEST_INTERVAL_HOURS, RUN_LIMIT_MINUTES } from "../planning/schedule.ts";
import { faultsOfOverrides } from "../planning/tiers.ts";
import type { SettingValues } from "./schema.ts";
import { supabaseRegionFault } from "./supabaseRegions.ts";

/** A broken rule between settings. `keys` are its settings, beginning with the one to change. */
export interface SettingFault {
  readonly keys: readonly [keyof SettingValues, ...(keyof SettingValues)[]];
  /** What is wrong and what to do, to follow the first key's name. */
  readonly sentence: string;
}

/** The values that passed their own check. */
type Values = Partial<SettingValues>;

/** Checks the rules between settings. A rule is skipped if a value that it needs is absent. */
export function faultsOfSettings(values: Values): SettingFault[] {
  return [
    ...placeFaults(values),
    ...nameFaults(values),
    ...backupFaults(values),
    ...disposableFaults(values),
    ...roleFaults(values),
  ];
}

/** A vault may only be disposable in the sandbox, or in a stack that only drills. */
function disposableFaults({ disposableVault, endpointAws, mode }: Values): SettingFault[] {
  if (disposableVault !== true || endpointAws !== undefined || mode === "drill") return [];
  return [
    {
      keys: ["disposableVault", "endpointAws", "mode"],
      sentence:
        "is true, but the vault is in AWS and the stack is not a drill; remove it. To give up a vault, use `castchat-recovery vault retire`.",
    },
  ];
}

function placeFaults({ awsRegion, peerAwsRegion, supabaseRegion }: Values): SettingFault[] {
  const faults: SettingFault[] = [];
  if (awsRegion !== undefined && awsRegion === peerAwsRegion)
    faults.push({
      keys: ["peerAwsRegion", "awsRegion"],
      sentence: `is "${peerAwsRegion}", the same as awsRegion. One disaster would destroy both stacks; choose another region.`,
    });
  // A standby creates no project in advance, so without this rule the first drill or recovery would fail.
  const unknown = supabaseRegion === undefined ? undefined : supabaseRegionFault(supabaseRegion);
  if (unknown !== undefined) faults.push({ keys: ["supabaseRegion"], sentence: `is "${supabaseRegion}", ${unknown}` });
  return faults;
}

function nameFaults({ publicName, zoneName, repository, mirrorOwner, mirrorRepository }: Values): SettingFault[] {
  const faults: SettingFault[] = [];
  if (publicName !== undefined && zoneName !== undefined && !`.${publicName}`.endsWith(`.${zoneName}`))
    faults.push({
      keys: ["publicName", "zoneName"],
      sentence: `is "${publicName}", which is not in the zone "${zoneName}"; choose a name that ends in it.`,
    });
  if (mirrorOwner !== undefined && repository === `${mirrorOwner}/${mirrorRepository ?? ""}`)
    faults.push({
      keys: ["mirrorRepository", "mirrorOwner", "repository"],
      sentence: `makes "${repository}" a mirror of itself; choose another name or owner.`,
    });
  return faults;
}

function backupFaults({ backup, at, tierOverrides, intervalHours }: Values): SettingFault[] {
  const faults: SettingFault[] = [];
  if (intervalHours !== undefined && intervalHours > LONGEST_INTERVAL_HOURS)
    faults.push({
      keys: ["intervalHours"],
      sentence: `is ${intervalHours}, with which more than 24 hours can be lost. A run may take ${RUN_LIMIT_MINUTES} minutes, and its replica 15 more; set at most ${LONGEST_INTERVAL_HOURS}.`,
    });
  if (backup !== undefined && at !== undefined)
    faults.push({
      keys: ["at", "backup"],
      sentence: "and backup are both set; set one of them, or neither for the newest backup.",
    });
  for (const sentence of faultsOfOverrides(tierOverrides ?? {}))
    faults.push({ keys: ["tierOverrides"], sentence: `is too short: ${sentence}.` });
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
  if (mode !== undefined)
    faults.push({ keys: ["mode", "role"], sentence: `is "${mode}", but only a standby has a mode; remove it.` });
  if (standbyVault === "none") {
    if (bucket !== undefined || key !== undefined)
      faults.push({
        keys: ["standbyVault", "standbyVaultBucketArn", "standbyVaultKeyArn"],
        sentence: 'is "none", but a standby vault\'s address is set; remove one of the two.',
      });
    return faults;
  }
  if (bucket === undefined || key === undefined) {
    const missing = bucket === undefined ? "standbyVaultBucketArn" : "standbyVaultKeyArn";
    faults.push({
      keys: [missing, "standbyVaultBucketArn", "standbyVaultKeyArn", "standbyVault"],
      sentence: 'is not set; set it to the standby\'s output, or set standbyVault to "none" to go without a replica.',
    });
  }
  if (
    key !== undefined &&
    region !== undefined &&
    account !== undefined &&
    !key.startsWith(`arn:aws:kms:${region}:${account}:`)
  )
    faults.push({
      keys: ["standbyVaultKeyArn", "peerAwsRegion", "peerAwsAccountId"],
      sentence: `is "${key}", which is not in region ${region} of account ${account} (peerAwsRegion, peerAwsAccountId); set the standby's own key.`,
    });
  return faults;
}

function standbyFaults(values: Values): SettingFault[] {
  const { mode = "standby", trustedWriterKeys, generation = 1 } = values;
  const faults: SettingFault[] = [];
  for (const key of ["mirrorOwner", "mirrorRepository"] as const)
    if (values[key] === undefined)
      faults.push({
        keys: [key, "role"],
        sentence: "is not set, but a standby needs it for its mirror of the code; set it.",
      });
  for (const key of ["standbyVault", "standbyVaultBucketArn", "standbyVaultKeyArn"] as const)
    if (values[key] !== undefined)
      faults.push({ keys: [key, "role"], sentence: "is set, but only a primary replicates its vault; remove it." });
  if (mode !== "standby" && trustedWriterKeys?.length === 0)
    faults.push({
      keys: ["trustedWriterKeys", "mode"],
      sentence: `is not set, but mode "${mode}" only restores backups signed by a key in it; set it to the primary's output signingPublicKey.`,
    });
  if (mode === "active" && generation < 2)
    faults.push({
      keys: ["generation", "mode"],
      sentence: `is ${generation}, which is the primary's. A recovery needs a higher one to take over the traffic; set 2 for the first recovery.`,
    });
  return faults;
}
