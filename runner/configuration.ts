import { systemClock } from "../clients/clock.ts";
import { cloudflareClient } from "../clients/cloudflare.ts";
import { messageOf } from "../clients/errors.ts";
import { githubClient } from "../clients/github.ts";
import { readStackState } from "../clients/stackState.ts";
import { supabaseClient } from "../clients/supabase.ts";
import { vercelClient } from "../clients/vercel.ts";
import {
  collectConfiguration,
  type ConfigurationBackup,
  type ConfigurationSources,
  type MissingPart,
} from "../operations/backup/configuration.ts";
import { RUNNER_TOKENS, type RunnerSettings, type RunnerToken } from "../planning/runnerSettings.ts";

/** The tokens that a run was given. */
export type RunnerTokens = Readonly<Partial<Record<RunnerToken, string>>>;

/** Which part of a configuration backup each token opens. */
const PARTS: Readonly<Record<RunnerToken, string>> = {
  VERCEL_API_TOKEN: "application",
  GITHUB_TOKEN: "repository",
  CLOUDFLARE_API_TOKEN: "dns",
  SUPABASE_ACCESS_TOKEN: "auth",
};

const NO_BACKEND =
  "the last `pulumi up` did not name a backend that a run can read: set PULUMI_BACKEND_URL (s3://…) there; `castchat-recovery backup` stores the state too";

/** The services' configuration, as far as the tokens reach; what is missing is named with its reason. */
export async function configurationOf(
  settings: RunnerSettings,
  tokens: RunnerTokens,
  signal: AbortSignal,
): Promise<ConfigurationBackup> {
  const { VERCEL_API_TOKEN, GITHUB_TOKEN, CLOUDFLARE_API_TOKEN, SUPABASE_ACCESS_TOKEN } = tokens;
  const state = await stateOf(settings);
  const sources: ConfigurationSources = {
    ...(VERCEL_API_TOKEN !== undefined && { vercelProject: settings.vercelProject }),
    ...(GITHUB_TOKEN !== undefined && { repository: settings.repository }),
    ...(CLOUDFLARE_API_TOKEN !== undefined && { zoneName: settings.zoneName }),
    ...(SUPABASE_ACCESS_TOKEN !== undefined && { supabaseRef: settings.supabaseRef }),
    ...state,
    missing: [...RUNNER_TOKENS.filter((name) => tokens[name] === undefined).map(withoutToken), ...state.missing],
  };
  return collectConfiguration(portsOf(settings, tokens), sources, signal);
}

/** Pulumi's state, whose secrets only the stack's own key opens; the run needs neither that key nor an engine. */
async function stateOf({
  state,
  stack,
}: RunnerSettings): Promise<Pick<ConfigurationSources, "stackState"> & { missing: MissingPart[] }> {
  const without = (reason: string) => ({ missing: [{ part: "stackState", reason }] });
  if (state === undefined) return without(NO_BACKEND);
  try {
    return { stackState: await readStackState(state.backend, state.project, stack), missing: [] };
  } catch (error) {
    return without(messageOf(error));
  }
}

function withoutToken(name: RunnerToken): MissingPart {
  return { part: PARTS[name], reason: `${name} is not set` };
}

function portsOf(settings: RunnerSettings, tokens: RunnerTokens): Parameters<typeof collectConfiguration>[0] {
  const token = (name: RunnerToken) => tokens[name] ?? "";
  return {
    vercel: vercelClient({
      token: token("VERCEL_API_TOKEN"),
      endpoint: settings.endpointVercel,
      team: settings.vercelTeam,
    }),
    cloudflare: cloudflareClient({
      token: token("CLOUDFLARE_API_TOKEN"),
      ...(settings.endpointCloudflare !== undefined && { endpoint: `${settings.endpointCloudflare}/client/v4` }),
    }),
    github: githubClient({ token: token("GITHUB_TOKEN"), endpoint: settings.endpointGithub }),
    supabase: supabaseClient({ token: token("SUPABASE_ACCESS_TOKEN"), endpoint: settings.endpointSupabase }),
    clock: systemClock,
  };
}
