import { vercelApps } from "../../../../services/appHost/vercel.ts";
import { githubCode } from "../../../../services/codeHost/github.ts";
import { supabaseDatabases } from "../../../../services/databaseHost/supabase.ts";
import { cloudflareDns } from "../../../../services/dns/cloudflare.ts";
import { TOKEN } from "../../../lab/sandbox/emulators/support.ts";
import { startEmulatorHost } from "../../../services/support/emulatorHost.ts";
import { startFaultyProxy } from "../../../services/support/faultyProxy.ts";
import {
  createCloudflareEmulator,
  createGithubEmulator,
  createSupabaseEmulator,
  createVercelEmulator,
} from "../../../support/emulators.ts";

export const ZONE = "castchat.example";

/** The tokens of the services, as variables. */
export const TOKENS = {
  VERCEL_API_TOKEN: TOKEN,
  GITHUB_TOKEN: TOKEN,
  CLOUDFLARE_API_TOKEN: TOKEN,
  SUPABASE_ACCESS_TOKEN: TOKEN,
};

/** A company's accounts at the four services, and what was asked of them. */
export async function startServices() {
  const hosts = {
    vercel: await startEmulatorHost(createVercelEmulator, vercelApps),
    github: await startEmulatorHost(createGithubEmulator, githubCode),
    cloudflare: await startEmulatorHost(createCloudflareEmulator, cloudflareDns),
    supabase: await startEmulatorHost(createSupabaseEmulator, supabaseDatabases),
  };
  const proxies = await Promise.all(
    Object.entries(hosts).map(async ([name, { url }]) => [name, await startFaultyProxy(url)] as const),
  );
  const at = Object.fromEntries(proxies);
  const url = (name: keyof typeof hosts) => at[name]!.url;
  return {
    hosts,
    /** As a stack's settings have them. */
    endpoints: {
      endpointVercel: url("vercel"),
      endpointGithub: url("github"),
      endpointCloudflare: url("cloudflare"),
      endpointSupabase: url("supabase"),
    },
    /** The methods of all requests through the addresses of `endpoints`. */
    methods: () => proxies.flatMap(([, { seen }]) => seen.map(({ method }) => method)),
    async stop() {
      for (const [, proxy] of proxies) await proxy.stop();
      for (const host of Object.values(hosts)) await host.stop();
    },
  };
}

type Services = Awaited<ReturnType<typeof startServices>>;

/** Makes an app with its project, names and repository. */
export async function makeApp(
  { hosts }: Services,
  project: string,
  names: readonly (string | object)[],
  settings: Record<string, unknown> = {},
): Promise<void> {
  await hosts.vercel.call("POST /v11/projects", { name: project, ...settings });
  for (const name of names)
    await hosts.vercel.call(`POST /v10/projects/${project}/domains`, typeof name === "string" ? { name } : name);
}

/** Makes a repository. */
export async function makeRepository({ hosts }: Services, fullName: string): Promise<void> {
  const [owner, name] = fullName.split("/");
  await hosts.github.call(`POST /api/v3/orgs/${owner}/repos`, { name, private: true });
}

/** Makes a zone, or a database's project. */
export async function makeZone({ hosts }: Services, name: string): Promise<void> {
  await hosts.cloudflare.call("POST /client/v4/zones", { name, account: { id: "acc" } });
}

export async function makeDatabase({ hosts }: Services, name: string): Promise<string> {
  const region_selection = { type: "specific", code: "ap-northeast-1" };
  const body = { name, organization_slug: "castchat", db_pass: "a-password", region_selection };
  return ((await hosts.supabase.call("POST /v1/projects", body)).body as { ref: string }).ref;
}
