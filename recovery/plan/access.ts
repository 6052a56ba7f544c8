import { type Site, vaultBucketArn } from "../../planning/names.ts";
import type { Replication, RunnerTier } from "../../planning/retention/vault.ts";
import type { RegisteredResource } from "../pulumi/pulumiResources.ts";
import { type IamRequest, judge } from "./iamPolicy.ts";

/** A stack's site, and what it declares. */
export interface SiteResources {
  readonly stack: string;
  readonly site: Site;
  readonly resources: readonly RegisteredResource[];
}

const VAULT = "castchat:index:BackupVault$";
const COPIED = ["s3:GetObjectVersionForReplication", "s3:GetObjectRetention", "s3:GetObjectLegalHold"];
const WRITTEN = ["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold", "s3:GetObject"];

/** An action that a role needs, on the ARN of a bucket's object or of a key. */
type Need = Pick<IamRequest, "action" | "resource"> & { readonly context?: IamRequest["context"] };

/**
 * Faults of the replication role: without each of these rights the replica stays empty, whatever the rules say. The replica's own policies
 * must let the role in, because it belongs to another account. Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
 *
 * @param role ARN of the role in the replication configuration
 */
export function faultsOfReplicationRole(
  from: SiteResources,
  to: SiteResources,
  role: string,
  { replicaKeyArn = "" }: Replication,
  tiers: readonly Pick<RunnerTier, "prefix">[],
): string[] {
  const name = nameOfRole(role);
  const principal = arnOfRole(from.site, name);
  const [source, target] = [vaultBucketArn(from.site), vaultBucketArn(to.site)];
  const own = policiesOf(from, name);
  const guards = partsOf(to, "aws:s3/bucketPolicy:BucketPolicy").map(({ inputs }) => inputs["policy"]);
  const keyPolicies = partsOf(to, "aws:kms/key:Key").map(({ inputs }) => inputs["policy"]);
  const asks = (need: Need): IamRequest => ({ principal, ...need, context: { ...TLS, ...need.context } });
  const through = ({ region }: Site) => ({ "kms:ViaService": `s3.${region}.amazonaws.com` });

  const reads: Need[] = [
    { action: "s3:GetReplicationConfiguration", resource: source },
    { action: "s3:ListBucket", resource: source },
    ...tiers.flatMap(({ prefix }) => COPIED.map((action) => ({ action, resource: `${source}/${prefix}object` }))),
    { action: "kms:Decrypt", resource: keyOf(from), context: through(from.site) },
  ];
  const writes: Need[] = tiers.map(({ prefix }) => ({
    action: "s3:ReplicateObject",
    resource: `${target}/${prefix}object`,
  }));
  const encrypts: Need = { action: "kms:Encrypt", resource: replicaKeyArn, context: through(to.site) };
  const mayNot = (policies: readonly unknown[], needs: readonly Need[]) =>
    new Set(needs.filter((need) => judge(policies, asks(need)) !== "allowed").map(({ action }) => action));

  const emptiness = `so nothing reaches ${to.stack}`;
  return [
    ...[...mayNot(own, [...reads, ...writes, encrypts])].map(
      (action) =>
        `The replication role of ${from.stack} lacks ${action}, ${emptiness}; allow it in components/vaultReplication.ts.`,
    ),
    ...[...mayNot(guards, writes)].map(
      (action) =>
        `The bucket policy of ${to.stack} refuses ${action} to the replication role of ${from.stack}, ${emptiness}; allow it in components/vaultPolicies.ts.`,
    ),
    ...[...mayNot(keyPolicies, [{ ...encrypts, resource: "*" }])].map(
      (action) =>
        `The key policy of ${to.stack} refuses ${action} to the replication role of ${from.stack}, ${emptiness}; allow it in components/vaultPolicies.ts.`,
    ),
  ];
}

/**
 * Faults of the role that takes the scheduled backups: a tier that it may not write is never filled.
 *
 * @param role ARN of the build's role
 */
export function faultsOfRunnerRole(at: SiteResources, role: string, tiers: readonly RunnerTier[]): string[] {
  const name = nameOfRole(role);
  const principal = arnOfRole(at.site, name);
  const bucket = vaultBucketArn(at.site);
  const own = policiesOf(at, name);
  const guards = partsOf(at, "aws:s3/bucketPolicy:BucketPolicy").map(({ inputs }) => inputs["policy"]);
  return tiers.flatMap((tier) =>
    WRITTEN.flatMap((action) => {
      const context = { ...TLS, ...UPLOAD, "s3:object-lock-remaining-retention-days": String(tier.lockDays) };
      const request = { action, resource: `${bucket}/${tier.prefix}object`, principal, context };
      if (judge(own, request) === "allowed" && judge(guards, request) !== "denied") return [];
      return [
        `The role of ${at.stack}'s scheduled backups lacks ${action} on ${tier.prefix}, so the tier ${tier.name} is never filled; allow it in components/vaultRolePolicies.ts and vaultPolicies.ts.`,
      ];
    }),
  );
}

const TLS = { "aws:SecureTransport": "true" };
/** An upload as the runner makes it: a key is written once, and under the bucket's own key. */
const UPLOAD = { "s3:if-none-match": "*", "s3:ObjectCreationOperation": "true" };

function nameOfRole(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function arnOfRole({ accountId }: Site, name: string): string {
  return `arn:aws:iam::${accountId}:role/${name}`;
}

/** The inline policies of a role. */
function policiesOf({ resources }: SiteResources, role: string): unknown[] {
  const own = resources.filter(
    ({ type, inputs }) => type === "aws:iam/rolePolicy:RolePolicy" && inputs["role"] === role,
  );
  return own.map(({ inputs }) => inputs["policy"]);
}

/** Resources of a type that belong to the vault itself, not to its trail or its roles. */
function partsOf({ resources }: SiteResources, wanted: string): RegisteredResource[] {
  return resources.filter(({ urn, type }) => type === wanted && urn.includes(`${VAULT}${wanted}::`));
}

/** ARN of the key that encrypts a vault. */
function keyOf(at: SiteResources): string {
  const [encryption] = partsOf(
    at,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  );
  const [rule] = (encryption?.inputs["rules"] ?? []) as {
    applyServerSideEncryptionByDefault?: { kmsMasterKeyId?: string };
  }[];
  return rule?.applyServerSideEncryptionByDefault?.kmsMasterKeyId ?? "";
}
