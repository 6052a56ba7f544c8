import { z } from "zod";

import { derivedPassword } from "../../recovery/site/supabaseProject.ts";
import { type Edge, edgeClient } from "../../services/appHost/edge.ts";
import { type Vercel, vercelClient } from "../../services/appHost/vercel.ts";
import { type Git, gitClient, GITHUB_GIT, originOf } from "../../services/codeHost/git.ts";
import { type Clock, systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { type Supabase, supabaseClient } from "../../services/databaseHost/supabase.ts";
import { type ProjectContent, supabaseContent } from "../../services/databaseHost/supabaseContent.ts";
import { type Cloudflare, cloudflareClient } from "../../services/dns/cloudflare.ts";
import { type Opener, openerOf } from "../../services/vault/age.ts";
import { s3Vault } from "../../services/vault/s3Vault.ts";
import type { Vault } from "../../services/vault/vault.ts";

const address = z.url({ protocol: /^https?$/, error: "must be an http or https address." });

/** The provider's configuration. Addresses are settings; credentials are environment variables and never part of the state. */
export const recoveryConfig = z.strictObject({
  /** Region of the stack's own vault. */
  awsRegion: z.string().min(1),
  endpointAws: address.optional(),
  endpointVercel: address.optional(),
  endpointGithub: address.optional(),
  endpointCloudflare: address.optional(),
  endpointSupabase: address.optional(),
  /** Where public names are asked for, instead of by their own address. */
  endpointEdge: address.optional(),
  /** Template of a Supabase project's own API address, with `{ref}`. */
  supabaseProjectUrl: z.string().includes("{ref}", { error: "must contain {ref}." }).optional(),
  vercelTeam: z.string().min(1).optional(),
});

/** The provider's configuration, checked. */
export type RecoveryConfig = z.infer<typeof recoveryConfig>;

/** What the provider's resources work with. A service's credentials are asked for when it is first used. */
export interface RecoveryContext {
  supabase(): Supabase;
  vercel(): Vercel;
  cloudflare(): Cloudflare;
  git(): Git;
  /** What a Supabase project holds beside its database. */
  projectContent(ref: string): ProjectContent;
  vault(bucket: string): Vault;
  /** Opens encrypted backups, with the identity of the environment; none where there is none. */
  opener(): Promise<Opener | undefined>;
  edge: Edge;
  clock: Clock;
  projectUrlTemplate: string | undefined;
  /** Password of a Supabase project's database. */
  passwordOf(organization: string, name: string): string;
}

/** Clients of every service, by the provider's configuration and the environment's credentials. */
export function recoveryContext(
  config: RecoveryConfig,
  environment: NodeJS.ProcessEnv = process.env,
  clock: Clock = systemClock,
): RecoveryContext {
  const token = (name: string): string => {
    const value = environment[name];
    if (!value)
      throw new UserError(`${name} is not set: put the token of that service into the environment and run again.`);
    return value;
  };
  return {
    supabase: () => supabaseClient({ token: token("SUPABASE_ACCESS_TOKEN"), endpoint: config.endpointSupabase }),
    vercel: () =>
      vercelClient({ token: token("VERCEL_API_TOKEN"), endpoint: config.endpointVercel, team: config.vercelTeam }),
    cloudflare: () => cloudflareClient({ token: token("CLOUDFLARE_API_TOKEN"), endpoint: config.endpointCloudflare }),
    git: () => {
      const tokenName = "GITHUB_TOKEN";
      return gitClient([{ origin: originOf(config.endpointGithub ?? GITHUB_GIT), token: token(tokenName), tokenName }]);
    },
    projectContent: (ref) =>
      supabaseContent({
        ref,
        token: token("SUPABASE_ACCESS_TOKEN"),
        endpoint: config.endpointSupabase,
        projectUrlTemplate: config.supabaseProjectUrl,
      }),
    vault: (bucket) => s3Vault({ bucket, region: config.awsRegion, endpoint: config.endpointAws }),
    opener: () => openerOf(environment),
    edge: edgeClient({ endpoint: config.endpointEdge }),
    clock,
    projectUrlTemplate: config.supabaseProjectUrl,
    passwordOf: (organization, name) => derivedPassword(token("SUPABASE_ACCESS_TOKEN"), organization, name),
  };
}
