import { type Site, vaultRoleArn, type VaultRolePurpose, vaultRoleTag } from "../../planning/names.ts";
import type { ThrowawayPostgres } from "../../recovery/postgres/session/throwawayPostgres.ts";
import type { LeftResourcesPorts } from "../../recovery/site/leftResources.ts";
import { type Lease, readLease } from "../../recovery/site/trafficLease.ts";
import { localThrowaway } from "../../recovery/verify/throwaway/localThrowaway.ts";
import { scratchThrowaway } from "../../recovery/verify/throwaway/scratchThrowaway.ts";
import { vercelClient } from "../../services/appHost/vercel.ts";
import { awsNames } from "../../services/aws/awsNames.ts";
import { type Git, gitClient, GITHUB_GIT, originOf } from "../../services/codeHost/git.ts";
import { type Supabase, supabaseClient } from "../../services/databaseHost/supabase.ts";
import { type ProjectContent, supabaseContent } from "../../services/databaseHost/supabaseContent.ts";
import { cloudflareClient } from "../../services/dns/cloudflare.ts";
import { kmsSigner, type Signer } from "../../services/signer/signer.ts";
import { s3Vault } from "../../services/vault/s3Vault.ts";
import { type Vault } from "../../services/vault/vault.ts";
import { type RoleCredentials, roleCredentials, type RoleOptions } from "../../services/vault/vaultRole.ts";
import type { Settings } from "../../settings/settings.ts";
import { requiredVariable, type StackContext } from "./stackContext.ts";

/** The stack's own vault. */
export function vaultOf({ settings, outputs }: StackContext): Vault {
  return s3Vault({ bucket: outputs.vaultBucket, region: settings.awsRegion, endpoint: settings.endpointAws });
}

/**
 * The stack's own vault and signing key in the hands of its writer, whose role is taken with the environment's credentials when it is first
 * needed: the bucket takes backups from no other role of people.
 */
export function writerOf({ settings, outputs }: StackContext, otherwise?: string): { vault: Vault; signer: Signer } {
  const { awsRegion: region, endpointAws: endpoint } = settings;
  const credentials = vaultRoleOf(settings, "writer", { otherwise });
  return {
    vault: s3Vault({ bucket: outputs.vaultBucket, region, endpoint, credentials }),
    signer: kmsSigner({ keyId: outputs.signingKeyArn, region, endpoint, credentials }),
  };
}

/** One of the roles of the stack's vault. */
export function vaultRoleOf(
  settings: Settings,
  purpose: VaultRolePurpose,
  more: Pick<RoleOptions, "otherwise" | "mfa"> = {},
): RoleCredentials {
  const { awsRegion: region, endpointAws: endpoint } = settings;
  const tag = vaultRoleTag(settings.project, purpose);
  return roleCredentials({ roleArn: vaultRoleArn(siteOf(settings), purpose), tag, region, endpoint, ...more });
}

/** The stack's place in AWS, which all names derive from. */
function siteOf({ project, role, awsAccountId: accountId, awsRegion: region }: Settings): Site {
  return { project, role, accountId, region };
}

/** Where test restores run: the scratch server of VERIFY_DATABASE_URL, else a server of this machine's own (PG_BIN, or PATH). */
export function throwawaysOf(environment: NodeJS.ProcessEnv): ThrowawayPostgres {
  const scratchUrl = environment["VERIFY_DATABASE_URL"] ?? "";
  return scratchUrl === "" ? localThrowaway(environment) : scratchThrowaway(scratchUrl);
}

/** Git with the token of GITHUB_TOKEN, for the one server that the settings name. */
export function gitOf({ settings }: StackContext): Git {
  const token = requiredVariable("GITHUB_TOKEN", "a token that may read the repository and write its mirror");
  return gitClient([{ origin: originOf(settings.endpointGithub ?? GITHUB_GIT), token, tokenName: "GITHUB_TOKEN" }]);
}

/** What a Supabase project holds beside its database. */
export function projectContentOf({ settings }: StackContext, ref: string): ProjectContent {
  return supabaseContent({
    ref,
    token: requiredVariable(
      "SUPABASE_ACCESS_TOKEN",
      "storage objects, edge functions and auth settings are asked for with it",
    ),
    endpoint: settings.endpointSupabase,
    projectUrlTemplate: settings.supabaseProjectUrl,
  });
}

/** Where `resume` looks for what a killed update has left. Tokens come from the environment, when a service is asked. */
export function leftResourcesPorts(settings: Settings): Omit<LeftResourcesPorts, "reporter"> {
  const purpose = "what the killed update has left there is looked for with it";
  return {
    region: settings.awsRegion,
    accountId: settings.awsAccountId,
    aws: () => awsNames({ region: settings.awsRegion, endpoint: settings.endpointAws }),
    vercel: () =>
      vercelClient({
        token: requiredVariable("VERCEL_API_TOKEN", purpose),
        endpoint: settings.endpointVercel,
        team: settings.vercelTeam,
      }),
    cloudflare: () =>
      cloudflareClient({
        token: requiredVariable("CLOUDFLARE_API_TOKEN", purpose),
        endpoint: settings.endpointCloudflare,
      }),
  };
}

/** Who holds the stack's public name; undefined where its zone says nothing of it. */
export async function leaseOf({ settings }: StackContext, signal: AbortSignal): Promise<Lease | undefined> {
  const cloudflare = cloudflareClient({
    token: requiredVariable("CLOUDFLARE_API_TOKEN", "the zone says who holds the public name"),
    endpoint: settings.endpointCloudflare,
  });
  const zoneId = await cloudflare.zoneId(settings.zoneName, signal);
  return zoneId === undefined ? undefined : await readLease(cloudflare, zoneId, settings.publicName, signal);
}

/** Supabase with the token of SUPABASE_ACCESS_TOKEN. `timeoutMs` is the patience with one attempt. */
export function supabaseOf({ settings }: StackContext, purpose: string, timeoutMs?: number): Supabase {
  return supabaseClient({
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    token: requiredVariable("SUPABASE_ACCESS_TOKEN", purpose),
    endpoint: settings.endpointSupabase,
  });
}
