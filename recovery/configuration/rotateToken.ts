import type { AppHost } from "../../services/appHost/appHost.ts";
import type { CodeHost } from "../../services/codeHost/codeHost.ts";
import { typeSecret, UserError } from "../../services/common/errors.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { ServiceError } from "../../services/http/http.ts";
import type { TokenFacts } from "../../services/http/tokenFacts.ts";
import type { RunnerSecrets } from "../../services/scheduler/runnerSecrets.ts";
import { ownTokenOfRuns, type RunnerToken } from "../../settings/runnerSettings.ts";

/** What the scheduled runs read at the services. */
export interface ReadThings {
  readonly vercelProjects: readonly string[];
  /** Each as `owner/name`. */
  readonly repositories: readonly string[];
  readonly zoneName: string;
  readonly supabaseRef: string | undefined;
}

/** A token to set, and where. */
export interface TokenRotation {
  readonly variable: RunnerToken;
  readonly token: string;
  /** The services, with this token. */
  readonly ports: {
    readonly appHost: () => AppHost;
    readonly codeHost: () => CodeHost;
    readonly dns: () => DnsHost;
    readonly databaseHost: () => DatabaseHost;
  };
  readonly inspect: () => Promise<TokenFacts>;
  readonly things: ReadThings;
  readonly secrets: RunnerSecrets;
  /** Name of the secret. */
  readonly secret: string;
  readonly signal: AbortSignal;
}

/**
 * Sets the token of one service for the scheduled runs. First its service has to accept it and to show what the runs read there, so that no wrong
 * token takes the place of one that works.
 *
 * @throws UserError, with nothing changed, if it does not
 */
export async function rotateToken(rotation: TokenRotation): Promise<TokenFacts> {
  const { variable, token, inspect, secrets, secret, signal } = rotation;
  const own = ownTokenOfRuns(variable);
  const kept = `Nothing was changed. ${typeSecret(own)}`;
  const facts = await inspect();
  if (!facts.isValid)
    throw new UserError(`The service does not accept the token in ${own}: it is wrong, revoked or expired. ${kept}`);
  for (const [thing, isSeen] of await seenBy(rotation))
    if (!isSeen) throw new UserError(`The token in ${own} does not show ${thing}. ${kept}`);
  await secrets.write(secret, { token, expiresAt: facts.expiresAt }, signal);
  return facts;
}

/** What the runs read with a token, and whether it shows that. */
async function seenBy({ variable, ports, things, signal }: TokenRotation): Promise<[thing: string, isSeen: boolean][]> {
  const seen = async (thing: string, found: Promise<unknown>): Promise<[string, boolean]> => [
    thing,
    (await found.catch(undefinedIfRefused)) !== undefined,
  ];
  const { vercelProjects, repositories, zoneName, supabaseRef } = things;
  const questions: Readonly<Record<RunnerToken, () => Promise<[string, boolean]>[]>> = {
    VERCEL_API_TOKEN: () =>
      vercelProjects.map((name) => seen(`the Vercel project ${name}`, ports.appHost().exportProject(name, signal))),
    GITHUB_TOKEN: () =>
      repositories.map((name) => seen(`the repository ${name}`, ports.codeHost().exportRepository(name, signal))),
    CLOUDFLARE_API_TOKEN: () => [seen(`the DNS zone ${zoneName}`, ports.dns().zoneId(zoneName, signal))],
    SUPABASE_ACCESS_TOKEN: () =>
      supabaseRef === undefined
        ? []
        : [seen(`the Supabase project ${supabaseRef}`, ports.databaseHost().project(supabaseRef, signal))],
  };
  return await Promise.all(questions[variable]());
}

function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof ServiceError) || (error.status !== 401 && error.status !== 403)) throw error;
}
