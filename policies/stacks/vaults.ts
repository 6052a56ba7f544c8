/** Type token of the vault component, which is part of its resources' URNs. */
export const VAULT_COMPONENT = "castchat:index:BackupVault";

/** Whether a resource belongs to a component of that type directly, not to a component within it. */
export function isPartOf(urn: string, component: string): boolean {
  const types = urn.split("::")[2]?.split("$") ?? [];
  return types.at(-2) === component;
}

/** Whether a resource belongs to a backup vault directly. Its audit trail's and its roles' resources don't. */
export function isPartOfVault(urn: string): boolean {
  return isPartOf(urn, VAULT_COMPONENT);
}

/** Type token of the component that runs CastChat and replicates its vault. */
export const PRIMARY_COMPONENT = "castchat:index:PrimarySite";

/** The required parts of a vault. No other policy sees a missing part. */
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
