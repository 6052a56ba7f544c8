import { RECOVERY_LOG_PREFIX, type Site, type VaultRolePurpose, vaultRoleTag } from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import {
  accountRoot,
  allow,
  keepsTrail,
  type PolicyDocument,
  policyDocument,
  type PolicyStatement,
  s3Service,
} from "./policyDocument.ts";

/** The resources that a role may use. */
export interface VaultRoleScope {
  readonly site: Site;
  readonly tiers: readonly Pick<Tier, "prefix">[];
  readonly bucketArn: string;
  readonly keyArn: string;
  readonly signingKeyArn: string;
}

/** Seconds for which an MFA code is valid, and the maximum session of each role. The shortest that IAM offers. */
export const SESSION_SECONDS = 3600;

/**
 * The trust policy of a role: people of the account with the role's tag or on the list. Each also needs an own policy that allows assuming
 * it. Break-glass requires MFA. No service may assume it: scheduled runs have a role of their own (components/backupRunner.ts).
 *
 * @param listed ARNs of people, with * and ? as patterns
 */
export function vaultRoleTrust(site: Site, purpose: VaultRolePurpose, listed: readonly string[] = []): PolicyDocument {
  const mfa = purpose === "break-glass" ? MFA : {};
  const people = { Effect: "Allow", Principal: { AWS: accountRoot(site) }, Action: "sts:AssumeRole" };
  const tag = `aws:PrincipalTag/${vaultRoleTag(site.project, purpose)}`;
  return policyDocument([
    { Sid: "TaggedPeople", ...people, Condition: { StringEquals: { [tag]: "true" }, ...mfa } },
    ...(listed.length > 0
      ? [{ Sid: "ListedPeople", ...people, Condition: { ArnLike: { "aws:PrincipalArn": listed }, ...mfa } }]
      : []),
  ]);
}

const MFA = {
  Bool: { "aws:MultiFactorAuthPresent": "true" },
  NumericLessThan: { "aws:MultiFactorAuthAge": String(SESSION_SECONDS) },
};

/** Permissions of a role. */
export function vaultRolePermissions(purpose: VaultRolePurpose, scope: VaultRoleScope): PolicyDocument {
  return policyDocument([...STATEMENTS[purpose](scope), keepsTrail(scope.site)]);
}

const STATEMENTS: Readonly<Record<VaultRolePurpose, (scope: VaultRoleScope) => PolicyStatement[]>> = {
  // A backup is read back before it counts, so the writer also reads.
  writer: (scope) => [
    ...reading(scope),
    allow("Writes", inTiers(scope), [
      ...["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectLegalHold", "s3:PutObjectRetention"],
    ]),
    throughS3("Encrypts", scope, ["kms:GenerateDataKey"]),
    allow("Signs", scope.signingKeyArn, ["kms:Sign"]),
  ],
  reader: reading,
  restorer: (scope) => [
    ...reading(scope),
    // For a backup in an archive class, where it doesn't belong by the tiers' rules.
    allow("Wakes", inTiers(scope), ["s3:RestoreObject"]),
    allow("Verifies", scope.signingKeyArn, ["kms:Verify"]),
    // When the answer of a write was lost, the written line is compared with the stored one.
    allow("Logs", `${scope.bucketArn}/${RECOVERY_LOG_PREFIX}*`, ["s3:GetObject", "s3:PutObject"]),
    throughS3("EncryptsItsLog", scope, ["kms:GenerateDataKey"]),
  ],
  // Deletes without reading: no s3:GetObject, no kms:Decrypt.
  "break-glass": (scope) => [
    allow("Looks", scope.bucketArn, ["s3:ListBucket", "s3:ListBucketVersions"]),
    allow("Deletes", `${scope.bucketArn}/*`, [
      ...["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
      ...["s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:PutObjectLegalHold"],
    ]),
    allow("EndsTheKey", scope.keyArn, [
      ...["kms:CancelKeyDeletion", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:ScheduleKeyDeletion"],
    ]),
  ],
};

function reading(scope: VaultRoleScope): PolicyStatement[] {
  return [
    allow("Looks", scope.bucketArn, ["s3:ListBucket", "s3:ListBucketVersions"]),
    allow("Reads", inTiers(scope), [
      ...["s3:GetObject", "s3:GetObjectLegalHold", "s3:GetObjectRetention", "s3:GetObjectVersion"],
    ]),
    throughS3("Decrypts", scope, ["kms:Decrypt"]),
    allow("KnowsTheSigner", scope.signingKeyArn, ["kms:GetPublicKey"]),
  ];
}

/** The vault's key only opens the vault: it answers only to S3 in this region. */
function throughS3(sid: string, { keyArn, site }: VaultRoleScope, actions: string[]): PolicyStatement {
  return allow(sid, keyArn, actions, { StringEquals: { "kms:ViaService": s3Service(site.region) } });
}

function inTiers({ bucketArn, tiers }: VaultRoleScope): string[] {
  return tiers.map(({ prefix }) => `${bucketArn}/${prefix}*`);
}
