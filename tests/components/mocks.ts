import * as pulumi from "@pulumi/pulumi";

/** A resource as the program registered it, with secrets unwrapped. */
export interface Registered {
  readonly name: string;
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly provider: string;
}

/** Answers to functions by token; any other call throws. */
export type Calls = Readonly<Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>>;

const ANSWERS: Calls = {
  "recovery:index:trafficLease": () => ({ holder: "no stack" }),
  "aws:kms/getPublicKey:getPublicKey": ({ keyId }) => ({ publicKeyPem: `public key of ${String(keyId)}` }),
};

const SECRET = "4dabf18193072939515e22adb298388d";

/**
 * Runs a part of the program under Pulumi's mocks. They don't show resource options (protect, aliases, dependsOn) and never run a provider;
 * tests/program does that on the real engine.
 *
 * @returns every registered resource, when all are registered
 */
export async function registered(declare: () => unknown, calls: Calls = ANSWERS): Promise<Registered[]> {
  const resources: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const { name, type, provider } = args;
        const inputs = args.inputs as Record<string, unknown>;
        resources.push({ name, type, inputs: unwrapped(inputs) as Record<string, unknown>, provider: provider ?? "" });
        return { id: `${name}-id`, state: { ...inputs, ...computed(name, type, inputs) } };
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

/** The value of an output. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

/** The outputs that the service would add to a resource. */
function computed(name: string, type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case "aws:kms/key:Key":
      return { arn: `arn:aws:kms:::key/${name}`, keyId: `${name}-key-id` };
    case "aws:s3/bucket:Bucket":
      return { arn: `arn:aws:s3:::${String(inputs["bucket"])}` };
    case "aws:iam/role:Role":
      return { arn: `arn:aws:iam:::role/${String(inputs["name"])}` };
    case "aws:secretsmanager/secret:Secret":
      return { arn: `arn:aws:secretsmanager:::secret:${String(inputs["name"])}-AbCdEf` };
    case "aws:codebuild/project:Project":
      return { arn: `arn:aws:codebuild:::project/${String(inputs["name"])}` };
    case "aws:sqs/queue:Queue":
      return { arn: `arn:aws:sqs:::${String(inputs["name"])}`, url: `https://sqs/${String(inputs["name"])}` };
    case "github:index/repository:Repository":
      return { fullName: `owner/${String(inputs["name"])}` };
    case "recovery:index:SupabaseProject":
      return { ref: "abc", apiUrl: "https://abc.example", connectionString: "postgres://u:p@h/db", anonKey: "anon" };
    case "recovery:index:AppDeployment":
      return { deploymentId: "dpl_1", url: "https://app-1.vercel.app", commit: "c0ffee" };
    default:
      return {};
  }
}

function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (value === null || typeof value !== "object") return value;
  if (SECRET in value) return unwrapped((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}
