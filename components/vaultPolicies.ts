import { replicationRoleArn, vaultBucketArn, type Site } from "../planning/names.ts";

/** An IAM policy document as plain data. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: Record<string, unknown>[];
}

/**
 * What the vault's bucket refuses and, on a replica, what it lets in. Made of derived names alone, so that the whole
 * document is known, and checked by the policies, in the preview of a stack that doesn't exist yet.
 *
 * @param replicaOf the site whose replication role may write here. It is trusted through its account's root with a
 *   condition on the role's derived name, because S3 rejects a policy that names a role which doesn't exist.
 */
export function bucketPolicy(site: Site, replicaOf?: Site): PolicyDocument {
  const bucketArn = vaultBucketArn(site);
  const objects = `${bucketArn}/*`;
  return document([
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucketArn, objects],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
    {
      // An upload that says nothing about encryption gets the bucket's default, which is the vault's key. One that says
      // anything could only ask for another key.
      Sid: "RightKeyOnly",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: objects,
      Condition: { Null: { "s3:x-amz-server-side-encryption": "false" } },
    },
    {
      Sid: "NobodyLiftsALock",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:BypassGovernanceRetention",
      Resource: objects,
    },
    ...(replicaOf ? replicaStatements(bucketArn, objects, replicaOf) : []),
  ]);
}

/** Who may use the vault's key: the account's own IAM policies, and the role that replicates into this vault. */
export function keyPolicy(site: Site, replicaOf?: Site): PolicyDocument {
  return document([
    {
      Sid: "OwnAccount",
      Effect: "Allow",
      Principal: { AWS: accountRoot(site) },
      Action: "kms:*",
      Resource: "*",
    },
    ...(replicaOf
      ? [
          {
            Sid: "ReplicationEncrypts",
            Effect: "Allow",
            Principal: { AWS: accountRoot(replicaOf) },
            Action: ["kms:Encrypt", "kms:GenerateDataKey"],
            Resource: "*",
            Condition: {
              ArnEquals: { "aws:PrincipalArn": replicationRoleArn(replicaOf) },
              StringEquals: { "kms:ViaService": s3Service(site.region) },
            },
          },
        ]
      : []),
  ]);
}

/** Lets S3 take the replication role. */
export function replicationTrust(): PolicyDocument {
  return document([{ Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" }]);
}

/** The two ends of a replication. */
export interface ReplicationEnds {
  sourceBucketArn: string;
  sourceKeyArn: string;
  sourceRegion: string;
  targetBucketArn: string;
  targetKeyArn: string;
  targetRegion: string;
}

/** What the replication role may do: read versions and their locks here, write replicas there. It may not delete. */
export function replicationPermissions(ends: ReplicationEnds): PolicyDocument {
  return document([
    {
      Effect: "Allow",
      Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
      Resource: ends.sourceBucketArn,
    },
    {
      Effect: "Allow",
      Action: [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectRetention",
        "s3:GetObjectLegalHold",
      ],
      Resource: `${ends.sourceBucketArn}/*`,
    },
    { Effect: "Allow", Action: REPLICA_ACTIONS, Resource: `${ends.targetBucketArn}/*` },
    {
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: ends.sourceKeyArn,
      Condition: { StringEquals: { "kms:ViaService": s3Service(ends.sourceRegion) } },
    },
    {
      Effect: "Allow",
      Action: ["kms:Encrypt", "kms:GenerateDataKey"],
      Resource: ends.targetKeyArn,
      Condition: { StringEquals: { "kms:ViaService": s3Service(ends.targetRegion) } },
    },
  ]);
}

/** No s3:ReplicateDelete: what the primary deletes stays in the replica until its own rules expire it. */
const REPLICA_ACTIONS = ["s3:ReplicateObject", "s3:ReplicateTags"];

function replicaStatements(bucketArn: string, objects: string, replicaOf: Site): Record<string, unknown>[] {
  const from = {
    Effect: "Allow",
    Principal: { AWS: accountRoot(replicaOf) },
    Condition: { ArnEquals: { "aws:PrincipalArn": replicationRoleArn(replicaOf) } },
  };
  return [
    { Sid: "ReplicationWrites", ...from, Action: REPLICA_ACTIONS, Resource: objects },
    { Sid: "ReplicationLooks", ...from, Action: ["s3:GetBucketVersioning", "s3:ListBucket"], Resource: bucketArn },
  ];
}

function document(statements: Record<string, unknown>[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

function accountRoot({ accountId }: Site): string {
  return `arn:aws:iam::${accountId}:root`;
}

function s3Service(region: string): string {
  return `s3.${region}.amazonaws.com`;
}
