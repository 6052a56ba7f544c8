import {
  runnerSecretName,
  type Site,
  vaultRoleArn,
  type VaultRolePurpose,
  vaultRoleTag,
} from "../../planning/names.ts";
import type { ThrowawayPostgres } from "../../recovery/postgres/session/throwawayPostgres.ts";
import type { LeftResourcesPorts } from "../../recovery/site/leftResources.ts";
import { type Lease, readLease } from "../../recovery/site/trafficLease.ts";
import { localThrowaway } from "../../recovery/verify/throwaway/localThrowaway.ts";
import { scratchThrowaway } from "../../recovery/verify/throwaway/scratchThrowaway.ts";
import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import type { RunnerSecrets } from "../../services/scheduler/runnerSecrets.ts";
import { type Ports, services } from "../../services/services.ts";
import type { Signer } from "../../services/signer/signer.ts";
import { openerOf } from "../../services/vault/encryption.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { RoleCredentials, RoleOptions } from "../../services/vault/vaultRole.ts";
import { NO_TOKEN, TOKEN_SERVICES } from "../../settings/runnerSettings.ts";
import type { Settings } from "../../settings/settings.ts";
import { type StackContext, trustedKeysOf } from "./stackContext.ts";

/** The stack's services, with the environment's credentials. */
export function portsOf(settings: Settings, environment: NodeJS.ProcessEnv = process.env): Ports {
  return services(settings, environment).ports;
}

/** The stack's backups and what reads them: the trusted keys, the tiers, and the environment's identities to decrypt with. */
export async function backupsOf(context: StackContext) {
  const { tiers } = context.settings;
  const opener = await openerOf(process.env);
  return { vault: vaultOf(context), trustedKeys: trustedKeysOf(context), tiers, opener };
}

/** The stack's own vault. */
export function vaultOf({ settings, outputs }: StackContext): Vault {
  return portsOf(settings).vault(outputs.vaultBucket);
}

/**
 * The stack's own vault and signing key with the role of the writer, which is assumed with the environment's credentials when it is first
 * needed. The bucket takes backups from no other role of people.
 */
export function writerOf(
  { settings, outputs }: StackContext,
  signal: AbortSignal,
  otherwise?: string,
): { vault: Vault; signer: Signer } {
  const { vault, signer } = portsOf(settings);
  const credentials = vaultRoleOf(settings, "writer", { otherwise, signal });
  return { vault: vault(outputs.vaultBucket, credentials), signer: signer(outputs.signingKeyArn, credentials) };
}

/** One of the roles of the stack's vault. */
export function vaultRoleOf(
  settings: Settings,
  purpose: VaultRolePurpose,
  more: Pick<RoleOptions, "otherwise" | "mfa" | "signal"> = {},
): RoleCredentials {
  const tag = vaultRoleTag(settings.project, purpose);
  return portsOf(settings).role({ roleArn: vaultRoleArn(siteOf(settings), purpose), tag, ...more });
}

/** The stack's place in AWS, from which all names derive. */
export function siteOf({ project, role, awsAccountId: accountId, awsRegion: region }: Settings): Site {
  return { project, role, accountId, region };
}

/** The secrets of the stack's scheduled backups, one a service. */
export function runnerSecretsOf(settings: Settings): RunnerSecrets {
  const services = Object.entries(TOKEN_SERVICES).map(
    ([service, variable]) => [runnerSecretName(siteOf(settings), service), variable] as const,
  );
  const keys = new Map<string, string>(services);
  return portsOf(settings).runnerSecrets({ keyOf: (name) => keys.get(name) ?? "", none: NO_TOKEN });
}

/** The servers of test restores: the scratch server of VERIFY_DATABASE_URL, otherwise a server on this machine (PG_BIN, or PATH). */
export function throwawaysOf(environment: NodeJS.ProcessEnv): ThrowawayPostgres {
  const scratchUrl = environment["VERIFY_DATABASE_URL"] ?? "";
  return scratchUrl === "" ? localThrowaway(environment) : scratchThrowaway(scratchUrl);
}

/** The content of a Supabase project beside its database, for a restore, which does not begin without the token. */
export function projectContentOf({ settings }: StackContext, ref: string): ProjectContent {
  const { ports, token } = services(settings, process.env);
  token("SUPABASE_ACCESS_TOKEN");
  return ports.projectContent(ref);
}

/** The services in which `resume` looks for resources that a killed update has left. Each needs its token only when it is used. */
export function leftResourcesPorts(settings: Settings): Omit<LeftResourcesPorts, "reporter" | "signal"> {
  const { awsNames: aws, appHost, dns } = portsOf(settings);
  return { region: settings.awsRegion, accountId: settings.awsAccountId, aws, appHost, dns };
}

/** The lease of the stack's public name; undefined if its zone has none. */
export async function leaseOf({ settings }: StackContext, signal: AbortSignal): Promise<Lease | undefined> {
  const dns = portsOf(settings).dns();
  const zoneId = await dns.zoneId(settings.zoneName, signal);
  return zoneId === undefined ? undefined : await readLease(dns, zoneId, settings.apps[0].publicNames[0], signal);
}
