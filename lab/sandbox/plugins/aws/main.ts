import { serveProvider } from "../../../../provider/host/index.ts";
import { trail } from "./cloudtrail.ts";
import { project } from "./codebuild.ts";
import { awsConfig, connect } from "./context.ts";
import { role, rolePolicy } from "./iam.ts";
import { getCallerIdentity, getPartition, getRegion } from "./identity.ts";
import { alias, getPublicKey, key } from "./kms.ts";
import { logGroup } from "./logs.ts";
import { bucket } from "./s3.ts";
import { bucketObject } from "./s3Object.ts";
import * as rules from "./s3Rules.ts";
import * as s3 from "./s3Settings.ts";
import { schedule } from "./scheduler.ts";
import { secret, secretVersion } from "./secretsmanager.ts";
import { queue } from "./sqs.ts";

await serveProvider({
  name: "aws",
  version: "7.48.0",
  config: awsConfig,
  context: (config) => connect(config),
  resources: {
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketVersioning:BucketVersioning": s3.bucketVersioning,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": s3.bucketEncryption,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": s3.bucketPublicAccessBlock,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": s3.bucketOwnershipControls,
    "aws:s3/bucketPolicy:BucketPolicy": s3.bucketPolicy,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": rules.bucketLifecycle,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": rules.bucketReplication,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": s3.bucketObjectLock,
    "aws:s3/bucketObjectv2:BucketObjectv2": bucketObject,
    "aws:cloudtrail/trail:Trail": trail,
    "aws:codebuild/project:Project": project,
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:cloudwatch/logGroup:LogGroup": logGroup,
    "aws:sqs/queue:Queue": queue,
    "aws:kms/key:Key": key,
    "aws:kms/alias:Alias": alias,
    "aws:iam/role:Role": role,
    "aws:iam/rolePolicy:RolePolicy": rolePolicy,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:secretsmanager/secretVersion:SecretVersion": secretVersion,
  },
  functions: {
    "aws:index/getCallerIdentity:getCallerIdentity": getCallerIdentity,
    "aws:index/getRegion:getRegion": getRegion,
    "aws:index/getPartition:getPartition": getPartition,
    "aws:kms/getPublicKey:getPublicKey": getPublicKey,
  },
});
