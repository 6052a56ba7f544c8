import type { RegisteredResource } from "../../recovery/pulumi/pulumiResources.ts";
import { isPartOfVault } from "./vaults.ts";

/** Everything that one stack's preview declares. */
export interface DeclaredStack {
  readonly stack: string;
  readonly resources: readonly RegisteredResource[];
}

/** A rule over all stacks together. Returns a sentence for each violation. */
export type StacksRule = (stacks: readonly DeclaredStack[]) => string[];

const BUCKET = "aws:s3/bucket:Bucket";
const REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig";

/** At least one vault must be replicated, and each replica must be a vault that another stack declares in another region. */
export const replicaInAnotherRegion: StacksRule = (stacks) => {
  const replicas = stacks.flatMap((stack) =>
    vaultParts(stack, REPLICATION).flatMap((from) => destinationsOf(from).map((arn) => ({ stack, from, arn }))),
  );
  if (replicas.length === 0)
    return [
      "No stack replicates its backup vault; set the primary's standbyVaultBucketArn and standbyVaultKeyArn to the standby's vault and key.",
    ];
  return replicas.flatMap(({ stack, from, arn }) => faultsOfReplica(stack, from, arn, stacks));
};

function faultsOfReplica(
  from: DeclaredStack,
  replication: RegisteredResource,
  arn: string,
  stacks: readonly DeclaredStack[],
): string[] {
  const others = stacks.filter(({ stack }) => stack !== from.stack);
  for (const stack of others) {
    const vault = vaultParts(stack, BUCKET).find(({ inputs }) => arn === `arn:aws:s3:::${String(inputs["bucket"])}`);
    if (!vault) continue;
    const [here, there] = [replication.region, vault.region];
    if (here !== undefined && there !== undefined && here !== there) return [];
    const way = `from ${here ?? "an unknown region"} to ${there ?? "an unknown region"}`;
    return [`Stack "${from.stack}" replicates its backup vault ${way}; the replica must be in another region.`];
  }
  return [`Stack "${from.stack}" replicates its backup vault to ${arn}, which no other stack declares as its vault.`];
}

function vaultParts({ resources }: DeclaredStack, type: string): RegisteredResource[] {
  return resources.filter((resource) => resource.type === type && isPartOfVault(resource.urn));
}

function destinationsOf({ inputs }: RegisteredResource): string[] {
  const rules = (inputs["rules"] ?? []) as { status?: string; destination?: { bucket?: string } }[];
  const enabled = rules.filter(({ status }) => status === "Enabled");
  return enabled.map(({ destination }) => destination?.bucket ?? "nowhere");
}
