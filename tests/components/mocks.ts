import * as pulumi from "@pulumi/pulumi";

import type { PolicyDocument, PolicyStatement } from "../../components/policyDocument.ts";

/** A resource as the program registered it, with secrets unwrapped. */
export interface Registered {
  readonly name: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly provider: string;
}

/** Answers to functions by token; any other call throws. */
export type Calls = Readonly<Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>>;

/** What functions answer unless a test says otherwise. */
export const ANSWERS: Calls = {
  "recovery:index:liveBuild": () => ({ differences: [] }),
  "recovery:index:trafficLease": () => ({ holder: "no stack", refusal: "" }),
  "aws:kms/getPublicKey:getPublicKey": ({ keyId }) => ({ publicKeyPem: `public key of ${String(keyId)}` }),
};

const SECRET = "4dabf18193072939515e22adb298388d";

/**
 * Runs a part of the program under Pulumi's mocks. They don't show resource options (protect, aliases, dependsOn) and never run a provider;
 * tests/program does that on the real engine.
 *
 * @param outputs further outputs by type
 * @returns every registered resource, when all are registered
 */
export async function registered(
  declare: () => unknown,
  calls: Calls = ANSWERS,
  outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Promise<Registered[]> {
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const { name, type, provider } = args;
        const inputs = args.inputs as Record<string, unknown>;
        resources.push({ name, type, inputs: unwrapped(inputs) as Record<string, unknown>, provider: provider ?? "" });
        const computed = COMPUTED[type]?.(name, String(inputs["name"] ?? inputs["bucket"] ?? inputs["projectName"]));
        return { id: `${name}-id`, state: { ...inputs, ...computed, ...outputs[type] } };
      },
      call: ({ token, inputs }) => {
        const answer = calls[token];
        if (!answer) throw new Error(`the test has no answer to ${token}`);
        return answer(inputs as Record<string, unknown>);
      },
    },
    "castchat-recovery",
    "test",
  );
  declare();
  await pulumi.runtime.disconnect();
  return resources;
}

/** The one registered resource of that name. */
export function named(resources: readonly Registered[], name: string): Registered {
  const [found, ...others] = resources.filter((resource) => resource.name === name);
  if (!found || others.length > 0)
    throw new Error(
      `${others.length + (found ? 1 : 0)} resources are named ${name}: ${resources.map((one) => one.name).join(", ")}`,
    );
  return found;
}

/** Names by type, sorted. */
export function inventory(resources: readonly Registered[]): string[] {
  return resources.map(({ name, type }) => `${type} ${name}`).sort();
}

/** The policy document in an input of a resource. */
export function documentOf(resources: readonly Registered[], name: string, input = "policy"): PolicyDocument {
  return JSON.parse(String(named(resources, name).inputs[input])) as PolicyDocument;
}

/** The one statement of that name. */
export function statement({ Statement }: PolicyDocument, sid: string): PolicyStatement {
  return Statement.find(({ Sid }) => Sid === sid)!;
}

/** The value of an output. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

/** The outputs that the service would add to a resource: by its logical name, and its own name in the service. */
const COMPUTED: Readonly<Record<string, (name: string, own: string) => Record<string, unknown>>> = {
  "aws:kms/key:Key": (name) => ({ arn: `arn:aws:kms:::key/${name}`, keyId: `${name}-key-id` }),
  "aws:s3/bucket:Bucket": (_, own) => ({ arn: `arn:aws:s3:::${own}` }),
  "aws:iam/role:Role": (_, own) => ({ arn: `arn:aws:iam:::role/${own}` }),
  "aws:secretsmanager/secret:Secret": (_, own) => ({ arn: `arn:aws:secretsmanager:::secret:${own}-AbCdEf` }),
  "aws:codebuild/project:Project": (_, own) => ({ arn: `arn:aws:codebuild:::project/${own}` }),
  "aws:sqs/queue:Queue": (_, own) => ({ arn: `arn:aws:sqs:::${own}`, url: `https://sqs/${own}` }),
  "github:index/repository:Repository": (_, own) => ({ fullName: `owner/${own}` }),
  "recovery:index:ProbeName": () => ({ keptName: "probe.castchat.jp" }),
  "recovery:index:DatabasePassword": (_, own) => ({ password: `password of ${own}` }),
  "recovery:index:SupabaseProject": () => PROJECT,
  "recovery:index:ExistingDatabase": () => PROJECT,
  "recovery:index:SealedEnvironment": () => ({ backupId: "20260701T020000Z-00000e" }),
  "recovery:index:AppEnvironment": () => ({ digest: "" }),
  "recovery:index:AppDeployment": () => ({ deploymentId: "dpl_1", url: "https://app-1.vercel.app", commit: "c0ffee" }),
};
const PROJECT = {
  ref: "abc",
  apiUrl: "https://abc.example",
  connectionString: "postgres://postgres.abc:p@aws-0-x.pooler.supabase.com:5432/db",
  anonKey: "anon",
};

function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (value === null || typeof value !== "object") return value;
  if (SECRET in value) return unwrapped((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}
