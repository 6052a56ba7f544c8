/** The role of a stack: it runs CastChat (primary), or it stands ready to (standby). */
export type Role = "primary" | "standby";

/** Path at which the app answers for its health, unless the setting `healthPath` names another. */
export const HEALTH_PATH = "/api/health";

/** One stack's place in AWS. Every derived name depends only on these four values. */
export interface Site {
  readonly project: string;
  readonly role: Role;
  /** 12 digits. */
  readonly accountId: string;
  readonly region: string;
}

/** Name of the site's vault bucket. Bucket names are unique across AWS, so it contains account and region. At most 63 characters. */
export function vaultBucketName({ project, role, accountId, region }: Site): string {
  return `${project}-${role}-vault-${accountId}-${region}`;
}

/** ARN of the site's vault bucket. */
export function vaultBucketArn(site: Site): string {
  return `arn:aws:s3:::${vaultBucketName(site)}`;
}

/** Alias of one of the site's KMS keys. Aliases are unique in an account's region. */
export function keyAlias({ project, role }: Site, purpose: "vault" | "signing" | "schedule" | "secrets"): string {
  return `alias/${project}-${role}-${purpose}`;
}

/** Name of the role with which S3 replicates the site's vault. IAM names are unique in an account, so it contains the region. */
export function replicationRoleName({ project, role, region }: Site): string {
  return `${project}-${role}-replication-${region}`;
}

function roleArn({ accountId }: Site, name: string): string {
  return `arn:aws:iam::${accountId}:role/${name}`;
}

/**
 * ARN of the replication role. The other site trusts this derived name before the role exists and after it is gone, so neither stack needs
 * the other's state.
 */
export function replicationRoleArn(site: Site): string {
  return roleArn(site, replicationRoleName(site));
}

/** What the roles of the vault are for, from everyday use to last resort. */
export const VAULT_ROLE_PURPOSES = ["writer", "reader", "restorer", "break-glass"] as const;
export type VaultRolePurpose = (typeof VAULT_ROLE_PURPOSES)[number];

/** Name of one of the vault's roles. IAM names are unique in an account, so it contains the region. At most 64 characters. */
export function vaultRoleName({ project, role, region }: Site, purpose: VaultRolePurpose): string {
  return `${project}-${role}-${purpose}-${region}`;
}

/** ARN of one of the vault's roles. The bucket policy names the break-glass role by this ARN before the role exists. */
export function vaultRoleArn(site: Site, purpose: VaultRolePurpose): string {
  return roleArn(site, vaultRoleName(site, purpose));
}

/** Tag that allows its principal to assume that role of the project's vaults. Its value is "true". */
export function vaultRoleTag(project: string, purpose: VaultRolePurpose): string {
  return `${project}-${purpose}`;
}

/** Name of the bucket that stores the vault's audit trail. At most 63 characters. */
export function auditBucketName({ project, role, accountId, region }: Site): string {
  return `${project}-${role}-audit-${accountId}-${region}`;
}

/** Name of the trail that records reads and writes of the vault's objects. */
export function auditTrailName({ project, role }: Site): string {
  return `${project}-${role}-vault`;
}

/** ARN of that trail. The log bucket's policy names it before the trail exists. */
export function auditTrailArn(site: Site): string {
  return `arn:aws:cloudtrail:${site.region}:${site.accountId}:trail/${auditTrailName(site)}`;
}

/** What a site's builds do by schedule. */
export type ScheduledWork = "backup" | "mirror";

/** Name of the schedule, and of the CodeBuild project that it starts. */
export function scheduleName({ project, role }: Site, work: ScheduledWork = "backup"): string {
  return `${project}-${role}-${work}`;
}

/**
 * ARN of the schedule's group, the only source that EventBridge Scheduler passes on when it assumes a role. Source:
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
 */
export function scheduleGroupArn({ region, accountId }: Site): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule-group/default`;
}

/** ARN of the CodeBuild project that does the work. */
export function buildProjectArn(site: Site, work?: ScheduledWork): string {
  return `arn:aws:codebuild:${site.region}:${site.accountId}:project/${scheduleName(site, work)}`;
}

/**
 * Name of the role that a run has (`runner`), or that the schedule assumes to start a run (`starter`). At most 64 characters. The mirrors'
 * names are of another form, so that no policy for the backups' roles lets them in.
 */
export function scheduleRoleName(
  { project, role, region }: Site,
  purpose: "runner" | "starter",
  work: ScheduledWork = "backup",
): string {
  return `${project}-${role}-${work === "backup" ? "" : `${work}-`}${purpose}-${region}`;
}

/** ARN of that role. The vault's policy names the runner by this ARN before the role exists. */
export function scheduleRoleArn(site: Site, purpose: "runner" | "starter"): string {
  return roleArn(site, scheduleRoleName(site, purpose));
}

/** Name of the bucket that stores the runner's code. At most 63 characters. */
export function codeBucketName({ project, role, accountId, region }: Site, work: ScheduledWork = "backup"): string {
  return `${project}-${role}-${work === "backup" ? "code" : work}-${accountId}-${region}`;
}

/** Name of the scheduled runs' log group. */
export function runnerLogGroup(site: Site, work: ScheduledWork = "backup"): string {
  return `/${site.project}/${site.role}/${work}`;
}

/** ARN of that log group, without the `:*` for its streams. */
export function runnerLogGroupArn(site: Site, work?: ScheduledWork): string {
  return `arn:aws:logs:${site.region}:${site.accountId}:log-group:${runnerLogGroup(site, work)}`;
}

/** What the names of the secrets of a site's runs begin with. */
function runnerSecretPrefix({ project, role }: Site, work: ScheduledWork = "backup"): string {
  return `${project}/${role}/${work === "backup" ? "runner" : work}`;
}

/** Name of one of the secrets that a run has: `database`, or a service. */
export function runnerSecretName(site: Site, part: string, work?: ScheduledWork): string {
  return `${runnerSecretPrefix(site, work)}/${part}`;
}

/** Name of the queue for runs that the schedule could not start. */
export function missedRunsQueueName(site: Site, work?: ScheduledWork): string {
  return `${scheduleName(site, work)}-missed`;
}

/** ARN of that queue. */
export function missedRunsQueueArn(site: Site, work?: ScheduledWork): string {
  return `arn:aws:sqs:${site.region}:${site.accountId}:${missedRunsQueueName(site, work)}`;
}

/** Name of the bucket that stores the stack's Pulumi state. At most 63 characters. */
export function stateBucketName({ project, role, accountId, region }: Site): string {
  return `${project}-${role}-state-${accountId}-${region}`;
}

/** Name of the role that deploys the stacks of an account. */
export function deployerRoleName({ project }: Pick<Site, "project">): string {
  return `${project}-deployer`;
}

/** ARN of that role. */
export function deployerRoleArn(site: Pick<Site, "project" | "accountId">): string {
  return `arn:aws:iam::${site.accountId}:role/${deployerRoleName(site)}`;
}

/** Tag that allows its principal to assume that role. Its value is "true". */
export function deployerTag({ project }: Pick<Site, "project">): string {
  return `${project}-deployer`;
}

/**
 * The principals that may change the vault's protection by default, as patterns of ARNs. They are the account's root user (which can undo a
 * lockout), the role `<project>-deployer`, and the administrators of IAM Identity Center.
 */
export function defaultDeployerArns(site: Site): string[] {
  const account = `arn:aws:iam::${site.accountId}`;
  return [
    `${account}:root`,
    deployerRoleArn(site),
    `${account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_AdministratorAccess_*`,
  ];
}

/** Name of the Supabase project that the primary runs on. */
export const PRIMARY_DATABASE_NAME = "castchat-prod";

/** Name of the Supabase project that a recovery or its drill creates, one for each generation. */
export function recoveredDatabaseName(mode: "active" | "drill", generation: number): string {
  return `castchat-${mode === "active" ? "dr" : "drill"}-g${generation}`;
}

/** The generation in a recovered database's name; undefined for any other name. */
export function generationOf(databaseName: string): number | undefined {
  const [, generation] = /^castchat-dr-g([1-9]\d*)$/.exec(databaseName) ?? [];
  return generation === undefined ? undefined : Number(generation);
}

/** The host name that a drill uses instead of the production name. */
export function drillName(publicName: string): string {
  return `drill.${publicName}`;
}

/** The host name under which a recovery tries an app of the standby before it moves a public name. No visitor uses it. */
export function probeNameOf(
  { project, probeName }: { project: string; probeName?: string | undefined },
  zoneName: string,
): string {
  return probeName ?? `${project}-probe.${zoneName}`;
}

/** The public addresses of the code hosts, where no endpoint replaces them. */
export const CODE_HOSTS = { github: "https://github.com", gitlab: "https://gitlab.com" } as const;
export type CodeHostKind = keyof typeof CODE_HOSTS;

/** The clone URL of a repository (`owner/name`, on GitLab `group/…/name`); `endpoint` replaces the host's public address. */
export function cloneUrl(repository: string, endpoint?: string, kind: CodeHostKind = "github"): string {
  return `${endpoint ?? CODE_HOSTS[kind]}/${repository}.git`;
}

/** Prefix of the vault's recovery log, with one object for each restore. No rule expires it, and only the restorer writes there. */
export const RECOVERY_LOG_PREFIX = "recovery-log/";
