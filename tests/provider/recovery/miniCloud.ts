import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";

import { createAdaptorServer } from "@hono/node-server";

import { LocalAppRunner } from "../../../lab/sandbox/apps.ts";
import { EdgeProxy, resolveDeployment } from "../../../lab/sandbox/edge.ts";
import { CLASSIC_TOKENS, type GithubToken } from "../../../lab/sandbox/emulators/githubToken.ts";
import { SANDBOX_PLATFORM } from "../../../lab/sandbox/emulators/supabaseState.ts";
import type { Project } from "../../../lab/sandbox/emulators/vercelState.ts";
import { newSandboxFile, processesFile } from "../../../lab/sandbox/host/file.ts";
import { addressOf, layout, PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { closeServer, listen } from "../../../lab/sandbox/host/servers.ts";
import { Supervisor } from "../../../lab/sandbox/host/supervisor.ts";
import { LocalProjectServers } from "../../../lab/sandbox/postgres/projectServers.ts";
import { edgeClient } from "../../../services/appHost/edge.ts";
import { VERCEL_EDGE, vercelApps } from "../../../services/appHost/vercel.ts";
import { gitCommand } from "../../../services/codeHost/gitCommand.ts";
import { githubCode } from "../../../services/codeHost/github.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { supabaseDatabases } from "../../../services/databaseHost/supabase.ts";
import { cloudflareDns } from "../../../services/dns/cloudflare.ts";
import {
  createCloudflareEmulator,
  createGithubEmulator,
  createSupabaseEmulator,
  createVercelEmulator,
} from "../../support/emulators.ts";

export type MiniCloud = Awaited<ReturnType<typeof startMiniCloud>>;

/** The sandbox without AWS, in this process: real git, Postgres servers, deployed apps and an edge in front of them. */
export async function startMiniCloud(plan = SANDBOX_PLATFORM.plan) {
  await mkdir(join(PROJECT_ROOT, ".sandbox"), { recursive: true });
  const home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-recovery-"));
  const paths = layout(home);
  for (const folder of [paths.logs, paths.git, paths.emulators, paths.deployments])
    await mkdir(folder, { recursive: true });
  const { ports, credentials } = await newSandboxFile();
  const supervisor = new Supervisor(processesFile(home));
  const postgres = new LocalProjectServers(paths.postgres, supervisor);
  const apps = new LocalAppRunner(join(home, "apps"), supervisor);
  await postgres.startAll();
  await apps.startAll();
  const deps = { paths, credentials, ports, postgres, apps, clock: systemClock };
  const githubToken: GithubToken = { ...CLASSIC_TOKENS.githubToken };
  const cloudflare = createCloudflareEmulator(deps);
  const otherTeam = { id: "team_ofTheOtherStack", slug: "other", token: `vercel_${randomBytes(16).toString("hex")}` };
  const emulators = {
    cloudflare,
    github: createGithubEmulator(deps, { ...CLASSIC_TOKENS, githubToken }),
    vercel: createVercelEmulator(deps, {
      otherTeams: [otherTeam],
      textsAt: (name) => cloudflare.textsAt(name),
    }),
    supabase: createSupabaseEmulator(deps, { ...SANDBOX_PLATFORM, plan }),
  };
  const servers: Server[] = [];
  for (const service of ["cloudflare", "github", "vercel", "supabase"] as const) {
    const server = createAdaptorServer({ fetch: emulators[service].app.fetch }) as Server;
    await listen(server, ports[service], service);
    servers.push(server);
  }
  const edge = new EdgeProxy(
    (host, secret) => resolveDeployment(host, emulators.cloudflare, emulators.vercel, secret),
    apps,
  );
  await edge.open(ports.edge);
  const at = (service: Parameters<typeof addressOf>[1]) => addressOf(ports, service);
  const codeHost = githubCode({ token: credentials.githubToken, endpoint: at("github") });
  return {
    home,
    ports,
    credentials,
    /** What GitHub's token may do. */
    githubToken,
    postgres,
    address: at,
    get databaseHost() {
      return supabaseDatabases({
        token: credentials.supabaseToken,
        endpoint: at("supabase"),
        projectUrlTemplate: `${at("supabase")}/projects/{ref}`,
      });
    },
    /** What GitHub would start by a schedule in a repository. */
    scheduledWorkflows: (fullName: string) => emulators.github.scheduledWorkflows(fullName),
    /** Protects branches of a repository, as GitHub's rules do. */
    protectBranches: (fullName: string, branches: readonly string[]) =>
      emulators.github.protectBranches(fullName, branches),
    /** Revokes the token of Supabase, and makes another. */
    rotateSupabaseToken: () => (credentials.supabaseToken = `sbp_${randomBytes(20).toString("hex")}`),
    appHost: vercelApps({ token: credentials.vercelToken, endpoint: at("vercel") }),
    /** A second team of Vercel, which the first token does not see, and its apps. */
    otherTeam,
    otherApps: vercelApps({ token: otherTeam.token, team: otherTeam.slug, endpoint: at("vercel") }),
    get dns() {
      return cloudflareDns({ token: credentials.cloudflareToken, endpoint: at("cloudflare") });
    },
    codeHost,
    git: gitCommand([codeHost.gitCredential()]),
    edge: edgeClient({ endpoint: at("edge"), mark: VERCEL_EDGE }),
    /** Address of a repository. */
    repository: (fullName: string) => `${at("github")}/${fullName}.git`,
    /** The values of a Vercel project's production variables, which the API does not show, by name. */
    async variablesOf(projectId: string): Promise<Record<string, string>> {
      const { projects } = JSON.parse(await readFile(join(paths.emulators, "vercel.json"), "utf8")) as {
        projects: Pick<Project, "id" | "variables">[];
      };
      const variables = projects.find(({ id }) => id === projectId)?.variables ?? [];
      const inProduction = variables.filter(({ target }) => target.includes("production"));
      return Object.fromEntries(inProduction.map(({ key, value }) => [key, value]));
    },
    /** Calls a service's API directly, as an outsider would. */
    async call(
      service: "vercel" | "github" | "cloudflare" | "supabase" | "otherTeam",
      method: string,
      path: string,
      body?: unknown,
    ) {
      const isOther = service === "otherTeam";
      const token = isOther ? otherTeam.token : credentials[`${service}Token`];
      const url = new URL(at(isOther ? "vercel" : service) + path);
      if (isOther) url.searchParams.set("slug", otherTeam.slug);
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    },
    async stop() {
      await edge.close();
      for (const server of servers) await closeServer(server);
      await Promise.all([emulators.supabase.settled(), emulators.vercel.settled()]);
      await apps.stopAll();
      await supervisor.stopAll();
      await Promise.all(postgres.refs().map((ref) => postgres.destroy(ref)));
      await rm(home, { recursive: true, force: true });
    },
  };
}
