import type { Policies } from "@pulumi/policy";

import { configureVaultTrail } from "./aws/cloudtrail/Trail/configureVaultTrail.ts";
import { disallowPlainSecrets } from "./aws/codebuild/Project/disallowPlainSecrets.ts";
import { confineServiceTrust } from "./aws/iam/Role/confineServiceTrust.ts";
import { protectVaultKey } from "./aws/kms/Key/protectVaultKey.ts";
import { restrictSigning } from "./aws/kms/Key/restrictSigning.ts";
import { enableObjectLock } from "./aws/s3/Bucket/enableObjectLock.ts";
import { protectVault } from "./aws/s3/Bucket/protectVault.ts";
import { configureRetention } from "./aws/s3/BucketLifecycleConfiguration/configureRetention.ts";
import { requireTls } from "./aws/s3/BucketPolicy/requireTls.ts";
import { blockPublicAccess } from "./aws/s3/BucketPublicAccessBlock/blockPublicAccess.ts";
import { configureKmsKey } from "./aws/s3/BucketServerSideEncryptionConfiguration/configureKmsKey.ts";
import { enableVersioning } from "./aws/s3/BucketVersioning/enableVersioning.ts";
import { configureBackupInterval } from "./aws/scheduler/Schedule/configureBackupInterval.ts";
import { missingSchedule } from "./castchat/BackupSchedule/missingSchedule.ts";
import { missingParts } from "./castchat/BackupVault/missingParts.ts";
import { missingReplica } from "./castchat/BackupVault/missingReplica.ts";

/** Every policy of the pack. The rules over both stacks are in stacks/: a pack sees one stack at a time. */
export const POLICIES: Policies = [
  enableObjectLock,
  protectVault,
  protectVaultKey,
  restrictSigning,
  configureKmsKey,
  enableVersioning,
  blockPublicAccess,
  requireTls,
  configureRetention,
  configureVaultTrail,
  missingParts,
  missingReplica,
  missingSchedule,
  configureBackupInterval,
  disallowPlainSecrets,
  confineServiceTrust,
];
