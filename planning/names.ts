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
export function keyAlias({ project, role }: Site, purpose: "vault" | "signing"): string {
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

/** Name of the Supabase project that the primary runs on. */
export const PRIMARY_DATABASE_NAME = "castchat-prod";

/** Name of the Supabase project that a recovery (or the drill of one) creates: one for each generation. */
export function recoveredDatabaseName(mode: "active" | "drill", generation: number): string {
  return `castchat-${mode === "active" ? "dr" : "drill"}-g${generation}`;
}

/** The name under which a drill answers, so that it never takes the production name. */
export function drillName(publicName: string): string {
  return `drill.${publicName}`;
}

/** Where a GitHub repository (`owner/name`) is cloned from; `endpoint` stands for https://github.com. */
export function cloneUrl(repository: string, endpoint = "https://github.com"): string {
  return `${endpoint}/${repository}.git`;
}
