import { LONGEST_INTERVAL_HOURS, RUN_LIMIT_MINUTES } from "../planning/schedule.ts";
import { faultsOfOverrides } from "../planning/tiers.ts";
import { appFaults } from "./appRules.ts";
import type { LiveState } from "./apps.ts";
import { mirrorFaults } from "./mirrorRules.ts";
import { SECRET_SETTINGS, type SettingValues } from "./schema.ts";
import { fault, type SettingFault } from "./settingFault.ts";
import { supabaseRegionFault } from "./supabaseRegions.ts";

type Values = Partial<SettingValues>;

/**
 * The settings of one recovery. The others describe the site and stay when the mode changes, also those that only a mode needs: an
 * emergency has no time to look them up.
 */
const OF_A_RESTORE = ["backup", "at", "olderAuthSettings"] as const;

/** The settings that have an effect in one role only, with what that role does with them. */
const OF_ONE_ROLE: readonly (readonly [
  role: SettingValues["role"],
  does: string,
  keys: readonly (keyof SettingValues)[],
])[] = [
  ["primary", "declares the DNS zone", ["dns", "cloudflareAccountId", "dnsRecords"]],
  ["primary", "names its own database", ["database", "supabaseRef", "databaseUrl"]],
  ["primary", "replicates its vault", ["standbyVault", "standbyVaultBucketArn", "standbyVaultKeyArn"]],
  ["standby", "has a mode", ["mode"]],
  ["standby", "stops the other stack", ["peerSupabaseRef", "peerDatabaseUrl", "peerVercelTeam", "peerVercelToken"]],
  ["standby", "takes names over", ["takeover", "dnsToken"]],
  ["standby", "mirrors repositories", ["mirrorIntervalHours"]],
  ["standby", "sets an app's variables", ["withoutVariables"]],
  ["standby", "restores a backup", OF_A_RESTORE],
];

/** Checks the rules between settings. A rule is skipped if a value that it needs is absent. */
export function faultsOfSettings(values: Values): SettingFault[] {
  return [
    ...placeFaults(values),
    ...appFaults(values),
    ...mirrorFaults(values),
    ...backupFaults(values),
    ...disposableFaults(values),
    ...idleFaults(values),
    ...(values.role === "primary" ? primaryFaults(values) : []),
    ...(values.role === "standby" ? standbyFaults(values) : []),
  ];
}

/** A setting without an effect would be taken for one that has it. */
function* idleFaults(values: Values): Generator<SettingFault> {
  const { role, mode = "standby" } = values;
  if (role === undefined) return;
  const isSet = (key: keyof SettingValues) =>
    ![undefined, false, "existing"].includes(values[key] as string) && !isEmpty(values[key]);
  const shown = (key: keyof SettingValues) => (SECRET_SETTINGS.has(key) ? "set" : JSON.stringify(values[key]));
  for (const [only, does, keys] of OF_ONE_ROLE)
    for (const key of keys)
      if (role !== only && isSet(key))
        yield fault([key, "role"], `is ${shown(key)}, but only a ${only} ${does}; remove it.`);
  for (const key of OF_A_RESTORE)
    if (role === "standby" && mode === "standby" && isSet(key))
      yield fault(
        [key, "mode"],
        `is ${shown(key)}, but mode "standby" restores nothing; remove it, or set mode to "active" or "drill".`,
      );
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** A vault may only be disposable in the sandbox, or in a stack that only drills. */
function* disposableFaults({ disposableVault, endpointAws, mode }: Values): Generator<SettingFault> {
  if (disposableVault === true && endpointAws === undefined && mode !== "drill")
    yield fault(
      ["disposableVault", "endpointAws", "mode"],
      "is true, but the vault is in AWS and the stack is not a drill; remove it. To give up a vault, use `castchat-recovery vault retire`.",
    );
}

function* placeFaults({ awsRegion, peerAwsRegion, supabaseRegion }: Values): Generator<SettingFault> {
  if (awsRegion !== undefined && awsRegion === peerAwsRegion)
    yield fault(
      ["peerAwsRegion", "awsRegion"],
      `is "${peerAwsRegion}", the same as awsRegion. One disaster would destroy both stacks; choose another region.`,
    );
  // A standby creates no project in advance, so without this rule the first drill or recovery would fail.
  const unknown = supabaseRegion === undefined ? undefined : supabaseRegionFault(supabaseRegion);
  if (unknown !== undefined) yield fault(["supabaseRegion"], `is "${supabaseRegion}", ${unknown}`);
}

function* backupFaults({ backup, at, tierOverrides = {}, intervalHours = 0 }: Values): Generator<SettingFault> {
  if (intervalHours > LONGEST_INTERVAL_HOURS)
    yield fault(
      ["intervalHours"],
      `is ${intervalHours}, with which more than 24 hours can be lost. A run may take ${RUN_LIMIT_MINUTES} minutes, and its replica 15 more; set at most ${LONGEST_INTERVAL_HOURS}.`,
    );
  if (backup !== undefined && at !== undefined)
    yield fault(["at", "backup"], "and backup are both set; set one of them, or neither for the newest backup.");
  for (const sentence of faultsOfOverrides(tierOverrides)) yield fault(["tierOverrides"], `is too short: ${sentence}.`);
}

/** The settings of a primary's database and zone: the states that need them, and those in which they have an effect. */
const OF_A_STATE: readonly (readonly [
  thing: "database" | "dns",
  needs: LiveState | undefined,
  takes: readonly LiveState[],
  keys: readonly (keyof SettingValues)[],
  why: string,
])[] = [
  ["database", "existing", ["existing"], ["supabaseRef", "databaseUrl"], "names the live database that is backed up"],
  [
    "database",
    "create",
    ["create"],
    ["supabaseOrganization", "supabaseRegion"],
    "says where the new database is created",
  ],
  ["dns", "create", ["create", "managed"], ["cloudflareAccountId"], "names the Cloudflare account of the new zone"],
  // `castchat-recovery adopt` reads the settings before it writes these records, so none of them is required.
  ["dns", undefined, ["managed"], ["dnsRecords"], "lists the records of a managed zone"],
];

function* stateFaults(values: Values): Generator<SettingFault> {
  for (const [thing, needs, takes, keys, why] of OF_A_STATE)
    for (const key of keys) {
      const state = values[thing];
      if (state === undefined) continue;
      if (state === needs && values[key] === undefined)
        yield fault(
          [key, thing],
          `is not set, but it ${why}; set it, or set ${thing} to "${needs === "existing" ? "create" : "existing"}".`,
        );
      if (!takes.includes(state) && values[key] !== undefined)
        yield fault([key, thing], `is set, but ${thing} is "${state}", with which it has no effect; remove it.`);
    }
}

function* primaryFaults(values: Values): Generator<SettingFault> {
  yield* stateFaults(values);
  const { standbyVault, standbyVaultBucketArn: bucket, standbyVaultKeyArn: key } = values;
  const { peerAwsAccountId: account, peerAwsRegion: region } = values;
  if (standbyVault === "none") {
    if (bucket !== undefined || key !== undefined)
      yield fault(
        ["standbyVault", "standbyVaultBucketArn", "standbyVaultKeyArn"],
        'is "none", but a standby vault\'s address is set; remove one of the two.',
      );
    return;
  }
  if (bucket === undefined || key === undefined) {
    const missing = bucket === undefined ? "standbyVaultBucketArn" : "standbyVaultKeyArn";
    yield fault(
      [missing, "standbyVaultBucketArn", "standbyVaultKeyArn", "standbyVault"],
      'is not set; set it to the standby\'s output, or set standbyVault to "none" to go without a replica.',
    );
  }
  if (key === undefined || region === undefined || account === undefined) return;
  if (!key.startsWith(`arn:aws:kms:${region}:${account}:`))
    yield fault(
      ["standbyVaultKeyArn", "peerAwsRegion", "peerAwsAccountId"],
      `is "${key}", which is not in region ${region} of account ${account} (peerAwsRegion, peerAwsAccountId); set the standby's own key.`,
    );
}

function* standbyFaults(values: Values): Generator<SettingFault> {
  const { mode = "standby", trustedWriterKeys, generation = 1 } = values;
  for (const key of ["supabaseOrganization", "supabaseRegion"] as const)
    if (values[key] === undefined)
      yield fault([key, "role"], "is not set, but a recovery creates its database there; set it.");
  if ((values.peerSupabaseRef === undefined) !== (values.peerDatabaseUrl === undefined)) {
    const missing = values.peerSupabaseRef === undefined ? "peerSupabaseRef" : "peerDatabaseUrl";
    yield fault(
      [missing, "peerSupabaseRef", "peerDatabaseUrl"],
      "is not set. A recovery stops writes to the primary's database if both are set; set both or neither.",
    );
  }
  if (values.peerVercelToken !== undefined && values.peerVercelTeam === undefined)
    yield fault(
      ["peerVercelTeam", "peerVercelToken"],
      "is not set, but peerVercelToken is: a token of a team is refused without the team; set it to the primary's.",
    );
  if (mode !== "standby" && trustedWriterKeys?.length === 0)
    yield fault(
      ["trustedWriterKeys", "mode"],
      `is not set, but mode "${mode}" only restores backups signed by a key in it; set it to the primary's output signingPublicKey.`,
    );
  if (mode === "active" && generation < 2)
    yield fault(
      ["generation", "mode"],
      `is ${generation}, which is the primary's. A recovery needs a higher one to take over the traffic; set 2 for the first recovery.`,
    );
}
