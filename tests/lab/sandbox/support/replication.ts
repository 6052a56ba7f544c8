import type { ReplicationConfiguration } from "@aws-sdk/client-s3";

/** A bucket's replication of all objects, without their deletion. */
export function replicationInto(bucketArn: string): ReplicationConfiguration {
  return {
    Role: "arn:aws:iam::000000000000:role/replication",
    Rules: [
      {
        ID: "all",
        Priority: 1,
        Status: "Enabled",
        Filter: { Prefix: "" },
        DeleteMarkerReplication: { Status: "Disabled" },
        Destination: { Bucket: bucketArn },
      },
    ],
  };
}
