import { vercelClient } from "../../services/appHost/vercel.ts";
import { githubClient } from "../../services/codeHost/github.ts";
import { systemClock } from "../../services/common/clock.ts";
import { messageOf } from "../../services/common/errors.ts";
import { supabaseClient } from "../../services/databaseHost/supabase.ts";
import { type ProjectContent, supabaseContent } from "../../services/databaseHost/supabaseContent.ts";
import { cloudflareClient } from "../../services/dns/cloudflare.ts";
import { withoutToken } from "../../services/http/token.ts";
import { RUNNER_TOKENS, type RunnerSettings, type RunnerToken } from "../../settings/runnerSettings.ts";
import { collectConfiguration, type ConfigurationBackup, type ConfigurationSources } from "./configuration.ts";

/** Whose configuration and content a backup holds, and where the services are. */
export type ServicePlaces = Pick<
  RunnerSettings,
  | "vercelProject"
  | "vercelTeam"
  | "zoneName"
  | "repository"
  | "endpointVercel"
  | "endpointGithub"
  | "endpointCloudflare"
  | "endpointSupabase"
  | "supabaseProjectUrl"
> & {
  /** Absent for a stack that runs no database. */
  supabaseRef?: string | undefined;
};

/** The tokens that are at hand. */
export type ServiceTokens = Readonly<Partial<Record<RunnerToken, string>>>;

/** Which part of the configuration each token opens, and the source that names it. */
const OPENS = {
  VERCEL_API_TOKEN: { part: "application", source: "vercelProject" },
  GITHUB_TOKEN: { part: "repository", source: "repository" },
  CLOUDFLARE_API_TOKEN: { part: "dns", source: "zoneName" },
  SUPABASE_ACCESS_TOKEN: { part: "auth", source: "supabaseRef" },
} as const satisfies Record<RunnerToken, { part: string; source: keyof ServicePlaces }>;

/** The tokens in variables of the environment; one that is empty counts as not set. */
export function tokensIn(environment: NodeJS.ProcessEnv): ServiceTokens {
  return Object.fromEntries(
    RUNNER_TOKENS.flatMap((name) => ((environment[name] ?? "") === "" ? [] : [[name, environment[name]]])),
  );
}

/**
 * The services' configuration, as far as the tokens reach. A token that is not set costs its part, as one that its service refuses does:
 * the part is named as missing, with the reason.
 *
 * @param readState gives Pulumi's state
 */
export async function configurationWith(
  places: ServicePlaces,
  tokens: ServiceTokens,
  readState: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<ConfigurationBackup> {
  const wanted = RUNNER_TOKENS.filter((name) => places[OPENS[name].source] !== undefined);
  const unset = wanted.filter((name) => tokens[name] === undefined);
  const sourceOf = (name: RunnerToken) => (tokens[name] === undefined ? undefined : places[OPENS[name].source]);
  const state = await orMissing("stackState", readState, signal);
  const sources: ConfigurationSources = {
    vercelProject: sourceOf("VERCEL_API_TOKEN"),
    repository: sourceOf("GITHUB_TOKEN"),
    zoneName: sourceOf("CLOUDFLARE_API_TOKEN"),
    supabaseRef: sourceOf("SUPABASE_ACCESS_TOKEN"),
    ...("found" in state && { stackState: state.found }),
    missing: [
      ...unset.map((name) => ({ part: OPENS[name].part, reason: withoutToken(name) })),
      ...("missing" in state ? [state.missing] : []),
    ],
  };
  return await collectConfiguration(portsOf(places, tokens), sources, signal);
}

/** What the project holds beside its database. Without the token each call says so, and the backup names all of it. */
export function contentWith(places: ServicePlaces & { supabaseRef: string }, tokens: ServiceTokens): ProjectContent {
  return supabaseContent({
    ref: places.supabaseRef,
    token: tokens.SUPABASE_ACCESS_TOKEN,
    endpoint: places.endpointSupabase,
    projectUrlTemplate: places.supabaseProjectUrl,
  });
}

async function orMissing(part: string, read: () => Promise<unknown>, signal: AbortSignal) {
  try {
    return { found: await read() };
  } catch (error) {
    signal.throwIfAborted();
    return { missing: { part, reason: messageOf(error) } };
  }
}

/** A client without its token is never asked: its source is not named. */
function portsOf(places: ServicePlaces, tokens: ServiceTokens): Parameters<typeof collectConfiguration>[0] {
  const { endpointCloudflare } = places;
  const token = (name: RunnerToken) => tokens[name] ?? "";
  return {
    vercel: vercelClient({
      token: token("VERCEL_API_TOKEN"),
      endpoint: places.endpointVercel,
      team: places.vercelTeam,
    }),
    cloudflare: cloudflareClient({
      token: token("CLOUDFLARE_API_TOKEN"),
      ...(endpointCloudflare !== undefined && { endpoint: `${endpointCloudflare}/client/v4` }),
    }),
    github: githubClient({ token: token("GITHUB_TOKEN"), endpoint: places.endpointGithub }),
    supabase: supabaseClient({ token: token("SUPABASE_ACCESS_TOKEN"), endpoint: places.endpointSupabase }),
    clock: systemClock,
  };
}
