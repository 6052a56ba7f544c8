import {
  accountRoot,
  deny,
  ownAccount,
  type PolicyDocument,
  policyDocument,
  tlsOnly,
  unless,
} from "../../components/policyDocument.ts";
import {
  defaultDeployerArns,
  deployerRoleArn,
  deployerTag,
  scheduleRoleArn,
  type Site,
  stateBucketName,
} from "../../planning/names.ts";

/** The principals that may read and change the state of a stack: those named, and the deployers' role. ARNs, with * and ? as patterns. */
export function stateOwners(site: Site, named: readonly string[] | undefined): string[] {
  return [...new Set([...(named ?? defaultDeployerArns(site)), deployerRoleArn(site)])];
}

/**
 * The policy of the state's bucket: only TLS, deployers read and write, and the scheduled runs read, since a backup holds the state. An
 * administrator of the account can change the policy, so that a wrong list locks nothing for good.
 */
export function stateBucketPolicy(site: Site, owners: readonly string[]): PolicyDocument {
  const bucket = `arn:aws:s3:::${stateBucketName(site)}`;
  const objects = `${bucket}/*`;
  const reading = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];
  const writing = ["s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"];
  return policyDocument([
    tlsOnly(bucket),
    deny("DeployersAndRunsRead", [bucket, objects], reading, unless([...owners, scheduleRoleArn(site, "runner")])),
    deny("DeployersWrite", [bucket, objects], writing, unless(owners)),
  ]);
}

/** The policy of the key for the secrets of a stack's settings and state: only deployers use it. */
export function secretsKeyPolicy(site: Site, owners: readonly string[]): PolicyDocument {
  const using = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
  return policyDocument([ownAccount(site), deny("DeployersUse", "*", using, unless(owners))]);
}

/** Who may assume the deployers' role: principals of the account with its tag, and those listed. */
export function deployerTrust(site: Site, listed: readonly string[]): PolicyDocument {
  const own = { Effect: "Allow", Principal: { AWS: accountRoot(site) }, Action: "sts:AssumeRole" };
  return policyDocument([
    { Sid: "TaggedPeople", ...own, Condition: { StringEquals: { [`aws:PrincipalTag/${deployerTag(site)}`]: "true" } } },
    ...(listed.length === 0
      ? []
      : [{ Sid: "ListedPeople", ...own, Condition: { ArnLike: { "aws:PrincipalArn": [...listed] } } }]),
  ]);
}
