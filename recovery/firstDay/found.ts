import type { AppHost, AppTeam, ListedProject, PublicName } from "../../services/appHost/appHost.ts";
import type { CodeHost, ListedRepository } from "../../services/codeHost/codeHost.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import type { DatabaseHost, DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import type { DnsHost, DnsZone } from "../../services/dns/dnsHost.ts";
import { ServiceError, UnreachableError } from "../../services/http/http.ts";

/** A project of the app host with its names. */
export interface FoundApp extends ListedProject {
  readonly names: readonly PublicName[];
}

/** What the tokens of the environment see. */
export interface Found {
  readonly databases: readonly DatabaseProject[];
  readonly zones: readonly DnsZone[];
  readonly repositories: readonly ListedRepository[];
  readonly apps: readonly FoundApp[];
}

/** The services to look in. Each getter throws a UserError if its token is not set. */
export interface Lookups {
  readonly databaseHost: () => Pick<DatabaseHost, "projects">;
  readonly dns: () => Pick<DnsHost, "zones">;
  readonly codeHost: () => Pick<CodeHost, "repositories">;
  /** For a team, or for the token's own account. */
  readonly appHost: (team?: string) => Pick<AppHost, "teams" | "projects" | "publicNames">;
}

/** What a token needs for this, beside its service. */
const SCOPES: Readonly<Record<keyof Lookups, string>> = {
  databaseHost: "Supabase: a personal access token of an owner of the organization",
  dns: "Cloudflare: Zone: read on the zone of the public names",
  codeHost: "GitHub: metadata: read on the app's repositories, or a classic token with the scope repo",
  appHost: "Vercel: a token of a member of the team, for the whole team",
};

/** Projects whose names are read at once. */
const AT_ONCE = 6;

/**
 * Asks services beside each other. Only reads.
 *
 * @throws UserError that names every service that could not be asked, with its token and what that needs
 */
async function ask<T extends Partial<Record<keyof Lookups, () => Promise<unknown>>>>(
  calls: T,
  signal: AbortSignal | undefined,
): Promise<{ [K in keyof T]: T[K] extends () => Promise<infer R> ? R : never }> {
  const faults: string[] = [];
  const answers = await Promise.all(
    Object.entries(calls).map(async ([role, call]) => {
      try {
        return [role, await call()] as const;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof UserError || error instanceof ServiceError || error instanceof UnreachableError))
          throw error;
        faults.push(`  - ${messageOf(error)}\n    It needs, at ${SCOPES[role as keyof Lookups]}.`);
        return [role, undefined] as const;
      }
    }),
  );
  if (faults.length > 0) throw new UserError(["Not everything could be looked up:", ...faults].join("\n"));
  return Object.fromEntries(answers) as Awaited<ReturnType<typeof ask<T>>>;
}

/** Everything but the projects of the app host, whose team is not known yet. */
export interface FoundBeforeApps extends Omit<Found, "apps"> {
  readonly teams: readonly AppTeam[];
}

/** Looks databases, zones, repositories and teams up. */
export async function findBeforeApps(lookups: Lookups, signal?: AbortSignal): Promise<FoundBeforeApps> {
  const { databaseHost, dns, codeHost, appHost } = await ask(
    {
      databaseHost: async () => await lookups.databaseHost().projects(signal),
      appHost: async () => await lookups.appHost().teams(signal),
      codeHost: async () => await lookups.codeHost().repositories(signal),
      dns: async () => await lookups.dns().zones(signal),
    },
    signal,
  );
  return { databases: databaseHost, teams: appHost, repositories: codeHost, zones: dns };
}

/** Looks the projects of a team up, with their names. */
export async function findApps(lookups: Lookups, team: string | undefined, signal?: AbortSignal): Promise<FoundApp[]> {
  const { appHost } = await ask(
    {
      appHost: async () => {
        const host = lookups.appHost(team);
        const projects = await host.projects(signal);
        const names = (project: ListedProject, inner: AbortSignal) => host.publicNames(project.id, inner);
        return await pool(
          projects,
          AT_ONCE,
          async (project, inner) => ({ ...project, names: await names(project, inner) }),
          signal,
        );
      },
    },
    signal,
  );
  return appHost;
}
