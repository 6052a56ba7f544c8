import { afterAll } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { TestStack } from "../../support/testStack.ts";
import type { MiniCloud } from "./miniCloud.ts";

/** A resource of a test's program. An input `{"from": ["name", "output"]}` is another resource's output. */
export interface Declared {
  type: "DatabasePassword" | "SupabaseProject" | "DatabaseRestore" | "AppDeployment" | "TrafficSwitch" | "PrimaryFence";
  name: string;
  inputs: Record<string, unknown>;
}

/** Declares `resources` with a provider of that `config`. */
const PROGRAM = `
const component = async (name) =>
  (await import("${PROJECT_ROOT}/components/recovery/" + name[0].toLowerCase() + name.slice(1) + ".ts"))[name];
module.exports = async () => {
  const provider = new (await component("RecoveryProvider"))("recovery", config);
  const made = {};
  for (const { type, name, inputs } of resources) {
    const resolved = Object.entries(inputs).map(([key, value]) => [key, value?.from ? made[value.from[0]][value.from[1]] : value]);
    made[name] = new (await component(type))(name, Object.fromEntries(resolved), { provider });
  }
  return { databaseUrl: made.database?.connectionString, previousDeploymentId: made.deployment?.previousDeploymentId, previousHolder: made.traffic?.previousHolder };
};
`;

const SERVICES = ["supabase", "vercel", "cloudflare", "github", "edge"] as const;
const stacks: TestStack[] = [];
afterAll(() => Promise.all(stacks.map((stack) => stack.dispose())));

/** A stack that runs the real provider against a mini cloud. */
export async function prepareStack(
  cloud: MiniCloud,
  aws: { endpoint?: string; region: string } = { region: "ap-northeast-3" },
  more: { peerVercelTeam?: string; peerVercelToken?: string; dnsToken?: string } = {},
) {
  const stack = await TestStack.create([`${PROJECT_ROOT}/provider`], {
    // Jest's own options are not the engine's.
    NODE_OPTIONS: process.env["NODE_OPTIONS"]?.replace("--experimental-vm-modules --no-warnings", ""),
    SUPABASE_ACCESS_TOKEN: cloud.credentials.supabaseToken,
    VERCEL_API_TOKEN: cloud.credentials.vercelToken,
    CLOUDFLARE_API_TOKEN: more.dnsToken === undefined ? cloud.credentials.cloudflareToken : "",
    GITHUB_TOKEN: cloud.credentials.githubToken,
  });
  stacks.push(stack);
  const endpoints = {
    ...Object.fromEntries(SERVICES.map((service) => [service, cloud.address(service)])),
    supabaseProject: `${cloud.address("supabase")}/projects/{ref}`,
    aws: aws.endpoint,
  };
  const config = { awsRegion: aws.region, endpoints, ...more };
  return Object.assign(stack, {
    /** The provider's configuration in the program's next run. */
    config,
    /** Sets what the program declares. */
    declare: (resources: Declared[]) =>
      stack.program(`const config = ${JSON.stringify(config)}, resources = ${JSON.stringify(resources)};${PROGRAM}`),
    /** A resource's outputs in the state; secrets are ciphertext. */
    state: async (resource: string) =>
      (await stack.resources()).find(({ urn }) => urn.endsWith(`::${resource}`))?.outputs,
  });
}
