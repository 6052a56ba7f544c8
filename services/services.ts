import type { Endpoints } from "../settings/endpoints.ts";
import type { Mirror } from "../settings/repositories.ts";
import {
  GITLAB_MIRROR_TOKEN,
  MIRROR_TOKEN,
  RUNNER_TOKENS,
  type RunnerToken,
  type TokenVariable,
} from "../settings/runnerSettings.ts";
import type { AppHost } from "./appHost/appHost.ts";
import { type Edge, edgeClient, type EdgeMark } from "./appHost/edge.ts";
import { VERCEL_EDGE, vercelApps } from "./appHost/vercel.ts";
import { VERCEL } from "./appHost/vercelApi.ts";
import { type AwsAccount, awsAccount } from "./aws/awsAccount.ts";
import type { AwsPlace } from "./aws/awsCalls.ts";
import { type AwsFacts, awsFacts } from "./aws/awsFacts.ts";
import { type AwsNames, awsNames } from "./aws/awsNames.ts";
import { refsReader } from "./codeHost/advertisedRefs.ts";
import type { CodeHost } from "./codeHost/codeHost.ts";
import type { Git } from "./codeHost/git.ts";
import { gitCommand } from "./codeHost/gitCommand.ts";
import { GITHUB, githubCode } from "./codeHost/github.ts";
import { GITLAB, gitlabCode } from "./codeHost/gitlab.ts";
import type { GitRef } from "./codeHost/gitObjects.ts";
import { UserError } from "./common/errors.ts";
import type { DatabaseHost } from "./databaseHost/databaseHost.ts";
import type { ProjectContent } from "./databaseHost/projectContent.ts";
import { supabaseDatabases } from "./databaseHost/supabase.ts";
import { SUPABASE } from "./databaseHost/supabaseApi.ts";
import { supabaseContent } from "./databaseHost/supabaseContent.ts";
import { CLOUDFLARE, cloudflareDns } from "./dns/cloudflare.ts";
import type { DnsHost } from "./dns/dnsHost.ts";
import { type RemoteService, type ServiceAccess, withoutToken } from "./http/remoteService.ts";
import type { TokenFacts, TokenHolder } from "./http/tokenFacts.ts";
import { awsMirrorBuilds, type MirrorBuilds } from "./scheduler/mirrorBuilds.ts";
import { awsRunnerSecrets, type RunnerSecrets, type RunnerSecretsOptions } from "./scheduler/runnerSecrets.ts";
import { awsScheduledRuns, type ScheduledRuns, type ScheduledRunsOptions } from "./scheduler/scheduledRuns.ts";
import { kmsSigner } from "./signer/kmsSigner.ts";
import type { Signer } from "./signer/signer.ts";
import { s3Vault } from "./vault/s3Vault.ts";
import type { Vault } from "./vault/vault.ts";
import { type VaultBucket, vaultBucket } from "./vault/vaultBucket.ts";
import { type VaultKey, vaultKey, type VaultKeyOptions } from "./vault/vaultKey.ts";
import { type RoleCredentials, roleCredentials, type RoleOptions } from "./vault/vaultRole.ts";

/** Where a stack's services are. A stack's settings fit, and the provider's configuration. */
export interface ServicePlaces {
  readonly awsRegion: string;
  readonly endpoints: Endpoints;
  /** Id or slug. @default - the token's own account */
  readonly vercelTeam?: string | undefined;
  /** The team of the other stack's apps, as id or slug. @default - `vercelTeam` */
  readonly peerVercelTeam?: string | undefined;
  /** Secret. A token for that team. @default - the environment's */
  readonly peerVercelToken?: string | undefined;
  /** Secret. The DNS host's token. @default - the environment's */
  readonly dnsToken?: string | undefined;
  /** Owner of the mirrors, whose repositories git reaches with MIRROR_GITHUB_TOKEN. @default - no mirrors */
  readonly mirrorOwner?: string | undefined;
}

/** A token that is not set. */
export interface Lack {
  /** Variable of the environment. */
  readonly variable: RunnerToken;
  /** What is missing, and the command to type. */
  readonly why: string;
}

/** Options of an AWS port without the place, which is the stack's. */
type WithoutPlace<T> = Omit<T, "region" | "endpoint">;

/**
 * Every service of a stack. No service is called before its port is used. AWS's ports use the environment's credentials, or those of a role.
 * The others need a token; asking for such a port without its token throws a UserError.
 */
export interface Ports {
  readonly vault: (bucket: string, credentials?: RoleCredentials) => Vault;
  readonly signer: (keyId: string, credentials?: RoleCredentials) => Signer;
  /** Assumes a role of the vault when its credentials are first needed. */
  readonly role: (role: WithoutPlace<RoleOptions>) => RoleCredentials;
  readonly vaultBucket: (bucket: string) => VaultBucket;
  readonly vaultKey: (key: WithoutPlace<VaultKeyOptions>) => VaultKey;
  readonly awsNames: () => AwsNames;
  readonly awsAccount: () => AwsAccount;
  /** Questions about the account's set-up, in another place if one is named. */
  readonly awsFacts: (elsewhere?: Pick<AwsPlace, "region" | "endpoint">) => AwsFacts;
  readonly mirrorBuilds: (project: string) => MirrorBuilds;
  readonly scheduledRuns: (names: WithoutPlace<ScheduledRunsOptions>) => ScheduledRuns;
  readonly runnerSecrets: (form: WithoutPlace<RunnerSecretsOptions>) => RunnerSecrets;
  /** `timeoutMs` limits one attempt. */
  readonly databaseHost: (timeoutMs?: number) => DatabaseHost;
  /** A project's content beside its database. Without the token only its calls throw, so that a backup can name what it lacks. */
  readonly projectContent: (ref: string) => ProjectContent;
  readonly appHost: () => AppHost;
  /** The app host with the token and the team of the other stack's apps, as far as the places have them. */
  readonly peerAppHost: () => AppHost;
  readonly dns: () => DnsHost;
  readonly codeHost: () => CodeHost;
  /** The code host of mirrors: GitHub by default, with the token of the mirrors' owner if there is one. */
  readonly mirrorHost: (kind?: Mirror["kind"]) => CodeHost;
  /** Git with the code hosts' tokens, each sent only to its host. At GitHub one is for the mirrors' owner, the other for all else. */
  readonly git: () => Git;
  /** The refs that a repository shows, with the same tokens and without the program git. */
  readonly refsOf: () => (url: string, signal: AbortSignal) => Promise<GitRef[]>;
  readonly edge: Edge;
}

/** A stack's services, and the tokens that some of them lack. */
export interface Services {
  readonly ports: Ports;
  readonly lacks: readonly Lack[];
  /** A token. Throws a UserError if it is not set. */
  readonly token: (variable: TokenVariable) => string;
  /** What its service says of a token: of that variable, or of another one for the same service. UserError if there is none. */
  readonly inspectToken: (variable: TokenVariable, signal: AbortSignal, other?: string) => Promise<TokenFacts>;
}

/** An adapter of a role: its service, and how it is made from a stack's places and a token. */
interface Adapter<P> extends RemoteService {
  readonly tokenName: Exclude<TokenVariable, typeof MIRROR_TOKEN>;
  readonly open: (places: ServicePlaces, access: Pick<ServiceAccess, "token" | "timeoutMs">) => P;
}
/** An adapter of the database host, which also gives a project's content beside its database. */
interface DatabaseAdapter extends Adapter<DatabaseHost> {
  readonly content: (places: ServicePlaces, ref: string, token: string | undefined) => ProjectContent;
}
type AdaptersOf<P> = Readonly<Record<string, Adapter<P>>>;

/** The adapters of each role, by name. A second host of a role is one more row, and one more file beside the first. */
const ADAPTERS = {
  appHost: {
    vercel: {
      ...VERCEL,
      edge: VERCEL_EDGE,
      open: ({ endpoints, vercelTeam: team, peerVercelToken }, access) =>
        vercelApps({ ...named(access, { peerVercelToken }), endpoint: endpoints.vercel, team }),
    },
  } satisfies Readonly<Record<string, Adapter<AppHost> & { edge: EdgeMark }>>,
  codeHost: {
    github: { ...GITHUB, open: ({ endpoints }, access) => githubCode({ ...access, endpoint: endpoints.github }) },
    gitlab: { ...GITLAB, open: ({ endpoints }, access) => gitlabCode({ ...access, endpoint: endpoints.gitlab }) },
  } satisfies AdaptersOf<CodeHost>,
  databaseHost: {
    supabase: {
      ...SUPABASE,
      open: ({ endpoints: { supabase: endpoint, supabaseProject: projectUrlTemplate } }, access) =>
        supabaseDatabases({ ...access, endpoint, projectUrlTemplate }),
      content: ({ endpoints: { supabase: endpoint, supabaseProject: projectUrlTemplate } }, ref, token) =>
        supabaseContent({ ref, token, endpoint, projectUrlTemplate }),
    },
  } satisfies Readonly<Record<string, DatabaseAdapter>>,
  dns: {
    cloudflare: {
      ...CLOUDFLARE,
      open: ({ endpoints, dnsToken }, access) =>
        cloudflareDns({ ...named(access, { dnsToken }), endpoint: endpoints.cloudflare }),
    },
  } satisfies AdaptersOf<DnsHost>,
};

/** The adapter of each token's service. */
const HOLDERS = {
  [VERCEL.tokenName]: ADAPTERS.appHost.vercel,
  [GITHUB.tokenName]: ADAPTERS.codeHost.github,
  [GITLAB.tokenName]: ADAPTERS.codeHost.gitlab,
  [SUPABASE.tokenName]: ADAPTERS.databaseHost.supabase,
  [CLOUDFLARE.tokenName]: ADAPTERS.dns.cloudflare,
} satisfies Readonly<Record<Exclude<TokenVariable, typeof MIRROR_TOKEN>, Adapter<TokenHolder>>>;

/**
 * The composition root: the only place that decides on the address, the credentials and the adapter of a service. The command line, the
 * scheduled run and the provider take their ports from here. An empty variable counts as not set. A token of the places is used in place of the
 * environment's, so that a stack's secret works in every shell.
 */
export function services(places: ServicePlaces, shell: NodeJS.ProcessEnv): Services {
  const environment = places.dnsToken === undefined ? shell : { ...shell, [CLOUDFLARE.tokenName]: places.dnsToken };
  const lacking = RUNNER_TOKENS.filter((variable) => tokenIn(environment, variable) === undefined);
  const lacks = lacking.map((variable) => ({ variable, why: withoutToken(variable) }));
  const token = (variable: TokenVariable): string => {
    const found = tokenIn(environment, variable);
    if (found === undefined) throw new UserError(withoutToken(variable));
    return found;
  };
  const { awsRegion: region, endpoints } = places;
  const { content, tokenName } = ADAPTERS.databaseHost.supabase;
  const inspectToken = async (variable: TokenVariable, signal: AbortSignal, other?: string) => {
    const own = variable === MIRROR_TOKEN ? tokenIn(environment, variable) : undefined;
    const name = variable === MIRROR_TOKEN ? GITHUB.tokenName : variable;
    return await HOLDERS[name].open(places, { token: other ?? own ?? token(name) }).inspectToken(signal);
  };
  const projectContent = (ref: string) => content(places, ref, tokenIn(environment, tokenName));
  const ports = {
    ...awsPorts({ region, endpoint: endpoints.aws }),
    ...tokenPorts(places, environment, token),
    projectContent,
  };
  return {
    ports: { ...ports, edge: edgeClient({ endpoint: endpoints.edge, mark: ADAPTERS.appHost.vercel.edge }) },
    lacks,
    token,
    inspectToken,
  };
}

/** A token of the places is named after its setting, so that a message says which one to renew. */
function named(access: ServiceAccess, settings: Readonly<Record<string, string | undefined>>): ServiceAccess {
  const tokenName = Object.keys(settings).find((name) => settings[name] === access.token);
  return tokenName === undefined ? access : { ...access, tokenName };
}

function tokenIn(environment: NodeJS.ProcessEnv, variable: TokenVariable): string | undefined {
  return environment[variable] || undefined;
}

/** The ports that lead to AWS, in one region. */
function awsPorts(at: { region: string; endpoint: string | undefined }) {
  return {
    vault: (bucket, credentials) => s3Vault({ ...at, bucket, credentials }),
    signer: (keyId, credentials) => kmsSigner({ ...at, keyId, credentials }),
    role: (role) => roleCredentials({ ...at, ...role }),
    vaultBucket: (bucket) => vaultBucket({ ...at, bucket }),
    vaultKey: (key) => vaultKey({ ...at, ...key }),
    awsNames: () => awsNames(at),
    awsAccount: () => awsAccount(at),
    awsFacts: (elsewhere) => awsFacts(elsewhere ?? at),
    mirrorBuilds: (project) => awsMirrorBuilds({ ...at, project }),
    scheduledRuns: (names) => awsScheduledRuns({ ...at, ...names }),
    runnerSecrets: (form) => awsRunnerSecrets({ ...at, ...form }),
  } satisfies Partial<Ports>;
}

/** The ports that need a token. */
function tokenPorts(places: ServicePlaces, environment: NodeJS.ProcessEnv, token: Services["token"]) {
  const open = <P>({ tokenName, open: make }: Adapter<P>, timeoutMs?: number): P =>
    make(places, { token: token(tokenName), timeoutMs });
  const codeHost = () => open(ADAPTERS.codeHost.github);
  return {
    databaseHost: (timeoutMs) => open(ADAPTERS.databaseHost.supabase, timeoutMs),
    appHost: () => open(ADAPTERS.appHost.vercel),
    peerAppHost: () => {
      const { peerVercelToken: own, peerVercelTeam: vercelTeam = places.vercelTeam } = places;
      const { open: make, tokenName } = ADAPTERS.appHost.vercel;
      return make({ ...places, vercelTeam }, { token: own ?? token(tokenName) });
    },
    dns: () => open(ADAPTERS.dns.cloudflare),
    codeHost,
    mirrorHost: (kind) => {
      if (kind === "gitlab") return open(ADAPTERS.codeHost.gitlab);
      const own = tokenIn(environment, MIRROR_TOKEN);
      return own === undefined ? codeHost() : ADAPTERS.codeHost.github.open(places, { token: own });
    },
    git: () => gitCommand(gitCredentials(places, environment, token)),
    refsOf: () => refsReader(gitCredentials(places, environment, token)),
  } satisfies Partial<Ports>;
}

/**
 * The tokens with which git reaches the code host. A fine-grained token covers one owner, so the mirrors' owner may have one of its own; the other
 * one is used there without it, as a classic token can be. The standby reads its mirror without the token of the source.
 * Source: https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens.
 */
function gitCredentials(places: ServicePlaces, environment: NodeJS.ProcessEnv, token: Services["token"]) {
  const { mirrorOwner: owner } = places;
  const { tokenName: sourceName, open } = ADAPTERS.codeHost.github;
  const mirrorToken = owner === undefined ? undefined : tokenIn(environment, MIRROR_TOKEN);
  const common = open(places, { token: mirrorToken ?? token(sourceName) }).gitCredential();
  const source = { ...common, token: tokenIn(environment, sourceName), tokenName: sourceName };
  // Without its token git reads what GitLab shows to everyone.
  const gitlab = ADAPTERS.codeHost.gitlab.open(places, { token: "" }).gitCredential();
  return [
    source,
    ...(owner === undefined ? [] : [{ ...common, owner, tokenName: MIRROR_TOKEN }]),
    { ...gitlab, token: tokenIn(environment, GITLAB_MIRROR_TOKEN) },
  ];
}
