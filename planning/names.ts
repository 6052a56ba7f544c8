/** What a stack is for: it runs CastChat (primary), or it stands ready to (standby). */
export type Role = "primary" | "standby";

/** One stack's place in AWS. Every derived name comes from these four and nothing else. */
export interface Site {
  readonly project: string;
  readonly role: Role;
  /** 12 digits. */
  readonly accountId: string;
  readonly region: string;
}

/** Name of the site's vault bucket; bucket names are unique in all of AWS, hence account and region. At most 63 characters. */
export function vaultBucketName({ project, role, accountId, region }: Site): string {
  return `${project}-${role}-vault-${accountId}-${region}`;
}

/** ARN of the site's vault bucket. */
export function vaultBucketArn(site: Site): string {
  return `arn:aws:s3:::${vaultBucketName(site)}`;
}

/** Alias of one of the site's KMS keys; aliases are unique in an account's region. */
export function keyAlias({ project, role }: Site, purpose: "vault" | "signing" | "schedule"): string {
  return `alias/${project}-${role}-${purpose}`;
}

/** Name of the role that S3 replicates the site's vault with. IAM names are unique in an account, hence the region. */
export function replicationRoleName({ project, role, region }: Site): string {
  return `${project}-${role}-replication-${region}`;
}

/**
 * ARN of the replication role. The other site trusts it by this derived name, before it exists and after it is gone,
 * so neither stack needs the other's state.
 */
export function replicationRoleArn(site: Site): string {
  return `arn:aws:iam::${site.accountId}:role/${replicationRoleName(site)}`;
}

/** What one may take a role of the vault for. */
export type VaultRolePurpose = "writer" | "reader" | "restorer" | "break-glass";

/** Every purpose, from the daily one to the one of last resort. */
export const VAULT_ROLE_PURPOSES: readonly VaultRolePurpose[] = ["writer", "reader", "restorer", "break-glass"];

/** Name of one of the vault's roles. IAM names are unique in an account, hence the region; at most 64 characters. */
export function vaultRoleName({ project, role, region }: Site, purpose: VaultRolePurpose): string {
  return `${project}-${role}-${purpose}-${region}`;
}

/** ARN of one of the vault's roles; the bucket's policy names the break-glass role by it before the role exists. */
export function vaultRoleArn(site: Site, purpose: VaultRolePurpose): string {
  return `arn:aws:iam::${site.accountId}:role/${vaultRoleName(site, purpose)}`;
}

/** Tag (with the value "true") by which a person, or what acts for one, may take that role of the project's vaults. */
export function vaultRoleTag(project: string, purpose: VaultRolePurpose): string {
  return `${project}-${purpose}`;
}

/** Name of the bucket that the vault's audit trail is written to. At most 63 characters. */
export function auditBucketName({ project, role, accountId, region }: Site): string {
  return `${project}-${role}-audit-${accountId}-${region}`;
}

/** Name of the trail that records who reads and writes the vault's objects. */
export function auditTrailName({ project, role }: Site): string {
  return `${project}-${role}-vault`;
}

/** ARN of that trail; the log bucket's policy names it before it exists. */
export function auditTrailArn(site: Site): string {
  return `arn:aws:cloudtrail:${site.region}:${site.accountId}:trail/${auditTrailName(site)}`;
}

/** Name of the schedule, and of the CodeBuild project that it starts. */
export function scheduleName({ project, role }: Site): string {
  return `${project}-${role}-backup`;
}

/**
 * ARN of the group that the schedule is in, which is all that EventBridge Scheduler says of where it comes from when it takes a role.
 * Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
 */
export function scheduleGroupArn({ region, accountId }: Site): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule-group/default`;
}

/** ARN of the CodeBuild project that runs the backups. */
export function buildProjectArn(site: Site): string {
  return `arn:aws:codebuild:${site.region}:${site.accountId}:project/${scheduleName(site)}`;
}

/** Name of the role that a run has (`runner`) or that the schedule takes to start one (`starter`). At most 64 characters. */
export function scheduleRoleName({ project, role, region }: Site, purpose: "runner" | "starter"): string {
  return `${project}-${role}-${purpose}-${region}`;
}

/** ARN of that role; the vault's policy names the runner by it before the role exists. */
export function scheduleRoleArn(site: Site, purpose: "runner" | "starter"): string {
  return `arn:aws:iam::${site.accountId}:role/${scheduleRoleName(site, purpose)}`;
}

/** Name of the bucket that the runner's code lies in. At most 63 characters. */
export function codeBucketName({ project, role, accountId, region }: Site): string {
  return `${project}-${role}-code-${accountId}-${region}`;
}

/** Name of the log group of the scheduled runs. */
export function runnerLogGroup(site: Site): string {
  return `/${site.project}/${site.role}/backup`;
}

/** ARN of that log group, without the `:*` that stands for its streams. */
export function runnerLogGroupArn(site: Site): string {
  return `arn:aws:logs:${site.region}:${site.accountId}:log-group:${runnerLogGroup(site)}`;
}

/** Name of the secret with what a run needs to read the database and the services' settings. */
export function runnerSecretName({ project, role }: Site): string {
  return `${project}/${role}/runner`;
}

/** Name of the queue that takes what the schedule could not start. */
export function missedRunsQueueName(site: Site): string {
  return `${scheduleName(site)}-missed`;
}

/** ARN of that queue. */
export function missedRunsQueueArn(site: Site): string {
  return `arn:aws:sqs:${site.region}:${site.accountId}:${missedRunsQueueName(site)}`;
}

/**
 * Who may change what protects the vault, where nobody else is named: the account's root user (the way back in for whoever
 * has locked himself out), a role `<project>-deployer`, and the administrators of IAM Identity Center. Patterns of ARNs.
 */
export function defaultDeployerArns({ project, accountId }: Site): string[] {
  const account = `arn:aws:iam::${accountId}`;
  return [
    `${account}:root`,
    `${account}:role/${project}-deployer`,
    `${account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_AdministratorAccess_*`,
  ];
}

/** Name of the Supabase project that the primary runs on. */
export const PRIMARY_DATABASE_NAME = "castchat-prod";

/** Name of the Supabase project that a recovery (or the drill of one) creates: one for each generation. */
export function recoveredDatabaseName(mode: "active" | "drill", generation: number): string {
  return `castchat-${mode === "active" ? "dr" : "drill"}-g${generation}`;
}

/** The generation that a recovered database's name speaks of; undefined for any other name. */
export function generationOf(databaseName: string): number | undefined {
  const [, generation] = /^castchat-dr-g([1-9]\d*)$/.exec(databaseName) ?? [];
  return generation === undefined ? undefined : Number(generation);
}

/** The name under which a drill answers, so that it never takes the production name. */
export function drillName(publicName: string): string {
  return `drill.${publicName}`;
}

/** Where a GitHub repository (`owner/name`) is cloned from; `endpoint` stands for https://github.com. */
export function cloneUrl(repository: string, endpoint = "https://github.com"): string {
  return `${endpoint}/${repository}.git`;
}

/** Where a vault keeps what was restored when: one object a restore. No rule expires it, and the restorer alone writes there. */
export const RECOVERY_LOG_PREFIX = "recovery-log/";
