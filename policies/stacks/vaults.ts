/** The component that a vault's resources belong to; its name is part of their URNs. */
export const VAULT_COMPONENT = "castchat:index:BackupVault";

/** Whether a resource is a part of a component of that type itself, not of a component within it. */
export function isPartOf(urn: string, component: string): boolean {
  const types = urn.split("::")[2]?.split("$") ?? [];
  return types.at(-2) === component;
}

/** Whether a resource is a part of a backup vault itself; the parts of its audit trail and of its roles are not. */
export function isPartOfVault(urn: string): boolean {
  return isPartOf(urn, VAULT_COMPONENT);
}

/** Whether a resource is a part of a backup vault's audit trail. */
export function isAuditOfVault(urn: string): boolean {
  return isPartOf(urn, "castchat:index:AuditTrail");
}

/** The component that runs CastChat and replicates its vault. */
export const PRIMARY_COMPONENT = "castchat:index:PrimarySite";

/** What a vault consists of. A part that is absent is as bad as one that is wrong, and has nothing that a policy could look at. */
export const VAULT_PARTS: Readonly<Record<string, string>> = {
  "aws:kms/key:Key": "a key of its own",
  "aws:s3/bucket:Bucket": "a bucket",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "encryption by default",
  "aws:s3/bucketVersioning:BucketVersioning": "versioning",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a block of public access",
  "aws:s3/bucketPolicy:BucketPolicy": "a bucket policy",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "a lifecycle",
  "castchat:index:VaultRoles": "roles of its own",
  "castchat:index:AuditTrail": "an audit trail",
};
