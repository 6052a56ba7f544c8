import { z } from "zod";

import type { AppHost } from "../../services/appHost/appHost.ts";
import type { AwsNames } from "../../services/aws/awsNames.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { unlessNotFound } from "../../services/http/http.ts";
import type { PendingCreate } from "../pulumi/pulumiPending.ts";

/** Where the resources that a killed `up` has left are looked up. A service is called only if a resource of it is pending. */
export interface LeftResourcesPorts {
  /** Of the stack. */
  region: string;
  /** AWS's account of the stack, 12 digits. */
  accountId: string;
  aws: () => AwsNames;
  appHost: () => AppHost;
  dns: () => DnsHost;
  /** When the killed update began; undefined if its lock is gone. */
  since?: Date | undefined;
  reporter: Reporter;
  signal: AbortSignal;
}

const variablesInputs = z.object({
  projectId: z.string(),
  variables: z.array(z.object({ key: z.string(), targets: z.array(z.string()) })),
});

/** The inputs of a pending resource, and where to look it up. */
interface Search extends LeftResourcesPorts {
  inputs: Readonly<Record<string, unknown>>;
}

/** How a pending create of a type is settled. */
export type Settlement =
  /** It is taken into the state under this id, by which its provider reads it. Undefined if it can't exist. */
  | { adopt: (search: Search) => Promise<string | undefined> | string | undefined }
  /** It is forgotten, and `up` creates it. The text says why nothing stands in its way. */
  | { forget: string }
  /** It can't be adopted, so what stands in the way is removed. */
  | { remove: (search: Search) => Promise<void> };

const PUT = "writing it again replaces what is there";
const NAMELESS = "it has no name of ours: a second one is created, and the first can be deleted by its description";
const RECORD = "it is only a record in the state";
const ITSELF = "provider recovery finds by itself what it has begun";

const text = (key: string) => ({
  adopt: ({ inputs }: Search) => (typeof inputs[key] === "string" ? inputs[key] : undefined),
});
/** Looks a resource up by an input, if that input was known before the kill. */
const lookUp = (key: string, find: (name: string, search: Search) => Promise<string | undefined>) => ({
  adopt: async (search: Search) => {
    const name = search.inputs[key];
    return typeof name === "string" ? find(name, search) : undefined;
  },
});
const named = (id: (name: string, search: Search) => string) =>
  lookUp("name", (name, search) => Promise.resolve(id(name, search)));

/**
 * Every type that the stacks declare; tests/recovery/site/leftResources.test.ts compares the two. Import ids are those of the official
 * providers' documentation.
 *
 * @internal exported for that test
 */
export const SETTLEMENTS: Readonly<Record<string, Settlement>> = {
  "aws:s3/bucket:Bucket": text("bucket"),
  "aws:s3/bucketVersioning:BucketVersioning": text("bucket"),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": text("bucket"),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": text("bucket"),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": text("bucket"),
  "aws:s3/bucketPolicy:BucketPolicy": text("bucket"),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": text("bucket"),
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": text("bucket"),
  "aws:s3/bucketObjectv2:BucketObjectv2": { forget: PUT },
  "aws:cloudtrail/trail:Trail": named(
    (name, { region, accountId }) => `arn:aws:cloudtrail:${region}:${accountId}:trail/${name}`,
  ),
  "aws:cloudwatch/logGroup:LogGroup": text("name"),
  "aws:codebuild/project:Project": named(
    (name, { region, accountId }) => `arn:aws:codebuild:${region}:${accountId}:project/${name}`,
  ),
  "aws:iam/role:Role": text("name"),
  "aws:iam/rolePolicy:RolePolicy": { forget: PUT },
  "aws:kms/alias:Alias": text("name"),
  "aws:kms/key:Key": { forget: NAMELESS },
  "aws:scheduler/schedule:Schedule": named((name) => `default/${name}`),
  "aws:secretsmanager/secret:Secret": lookUp("name", secretArn),
  "aws:secretsmanager/secretVersion:SecretVersion": { forget: "a secret takes any number of versions" },
  "aws:sqs/queue:Queue": lookUp("name", (name, { aws, signal }) => aws().queueUrl(name, signal)),
  "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions": { forget: PUT },
  "github:index/repository:Repository": text("name"),
  "vercel:index/project:Project": lookUp(
    "name",
    async (name, { appHost, signal }) => (await appHost().project(name, signal))?.id,
  ),
  "vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables": { remove: removeVariables },
  "cloudflare:index/zone:Zone": lookUp("name", (name, { dns, signal }) => dns().zoneId(name, signal)),
  "cloudflare:index/dnsRecord:DnsRecord": lookUp("zoneId", recordOf),
  "recovery:index:Adoption": { forget: RECORD },
  "recovery:index:AppDeployment": { forget: ITSELF },
  "recovery:index:AppEnvironment": { forget: ITSELF },
  "recovery:index:DatabasePassword": { forget: RECORD },
  "recovery:index:DatabaseRestore": { forget: ITSELF },
  "recovery:index:ExistingDatabase": { forget: "it only looks at a database that exists" },
  "recovery:index:Generations": { forget: RECORD },
  "recovery:index:MirrorProject": { forget: ITSELF },
  "recovery:index:PrimaryFence": { forget: ITSELF },
  "recovery:index:ProbeName": { forget: ITSELF },
  "recovery:index:SealedEnvironment": { forget: RECORD },
  "recovery:index:SupabaseProject": { forget: ITSELF },
  "recovery:index:TrafficCheck": { forget: RECORD },
  "recovery:index:TrafficSwitch": { forget: ITSELF },
};

/**
 * Finds what pending creates have left behind: the ids, by URN, under which resources exist or may exist. If a provider finds nothing under
 * an id, the create is forgotten. What can't be adopted and stands in the way of its next create is removed.
 */
export async function findLeftResources(
  pending: readonly PendingCreate[],
  ports: LeftResourcesPorts,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const { urn, type, inputs } of pending) {
    const settlement = SETTLEMENTS[type];
    const search = { ...ports, inputs };
    if (settlement === undefined || "forget" in settlement) continue;
    if ("remove" in settlement) {
      await settlement.remove(search);
      continue;
    }
    const id = await settlement.adopt(search);
    if (id !== undefined) ids.set(urn, id);
  }
  return ids;
}

async function secretArn(name: string, { aws, reporter, signal }: Search): Promise<string | undefined> {
  const secret = await aws().secret(name, signal);
  if (secret?.deletedAt === undefined) return secret?.arn;
  reporter(
    `The secret ${name} was marked for deletion at ${secret.deletedAt.toISOString()}, and still has its name. Restore it (\`aws secretsmanager restore-secret --secret-id ${name}\`) or delete it at once (\`aws secretsmanager delete-secret --force-delete-without-recovery --secret-id ${name}\`), then run \`castchat-recovery resume\` again.`,
  );
  return undefined;
}

/** Cloudflare knows a record by `zone id/record id`. */
async function recordOf(zoneId: string, { inputs, dns, signal }: Search): Promise<string | undefined> {
  const { name, type } = inputs;
  if (typeof name !== "string") return undefined;
  const records = await unlessNotFound(dns().records(zoneId, name, signal));
  const found = records?.find((record) => record.type === type);
  return found && `${zoneId}/${found.id}`;
}

/** By how much this machine's clock and the app host's may differ, in milliseconds. */
const CLOCKS_MS = 60_000;

/**
 * The app host refuses a second variable of a name and target, and its provider can't import one. What the killed update has made is removed, and
 * `up` writes it again. A variable that is older than the update is not its work, and its value may be the only one there is: UserError.
 */
async function removeVariables({ inputs, appHost, since, reporter, signal }: Search): Promise<void> {
  const asked = variablesInputs.safeParse(inputs).data;
  if (asked === undefined) return;
  const { projectId, variables } = asked;
  const inTheWay = (await unlessNotFound(appHost().clashingVariables(projectId, variables, signal))) ?? [];
  if (inTheWay.length === 0) return;
  const begun = since === undefined ? Infinity : since.getTime() - CLOCKS_MS;
  const older = inTheWay.filter(({ createdAt }) => createdAt === undefined || createdAt.getTime() < begun);
  if (older.length > 0)
    throw new UserError(
      `Project ${projectId} at ${appHost().name} has ${older.map(({ key }) => key).join(", ")}, and nothing shows that the killed update has made them, so they stay as they are. Keep a copy of their values, remove them at ${appHost().name}, and run the same command again. If the app is not this stack's, leave it existing.`,
    );
  const keys = inTheWay.map(({ key }) => key).join(", ");
  reporter(
    `Variables that the killed update has left in ${appHost().name} project ${projectId} are removed, and the update writes them again: ${keys}.`,
  );
  for (const { id } of inTheWay) await appHost().removeVariable(projectId, id, signal);
}
