import { z } from "zod";

import { derivedPassword } from "../../recovery/site/databaseProject.ts";
import { type Clock, systemClock } from "../../services/common/clock.ts";
import { type Ports, services } from "../../services/services.ts";
import type { Opener } from "../../services/vault/age.ts";
import { openerOf } from "../../services/vault/encryption.ts";
import { ENDPOINT_KEYS, withEndpoints } from "../../settings/endpoints.ts";

/** The provider's configuration. Addresses are settings; credentials are environment variables, and never part of the state. */
export const recoveryConfig = z.strictObject({
  /** Region of the stack's own vault. */
  awsRegion: z.string().min(1),
  ...ENDPOINT_KEYS,
  vercelTeam: z.string().min(1).optional(),
});

/** The provider's configuration, parsed. */
export type RecoveryConfig = z.infer<typeof recoveryConfig>;

/** The clients of the provider's resources. A service's token is only read when the service is first used. */
export interface RecoveryContext extends Pick<
  Ports,
  "databaseHost" | "appHost" | "dns" | "git" | "projectContent" | "vault" | "edge"
> {
  /** Decrypts backups with the identity in the environment; undefined without one. */
  opener: () => Promise<Opener | undefined>;
  clock: Clock;
  /** Password of a Supabase project's database. */
  passwordOf: (organization: string, name: string) => string;
}

/** Clients of every service, from the provider's configuration and the environment's credentials. */
export function recoveryContext(
  config: RecoveryConfig,
  environment: NodeJS.ProcessEnv = process.env,
  clock: Clock = systemClock,
): RecoveryContext {
  const places = withEndpoints(config);
  const { ports, token } = services(places, environment);
  return {
    ...ports,
    // A restore does not begin without the token.
    projectContent(ref) {
      token("SUPABASE_ACCESS_TOKEN");
      return ports.projectContent(ref);
    },
    opener: () => openerOf(environment),
    clock,
    passwordOf: (organization, name) => derivedPassword(token("SUPABASE_ACCESS_TOKEN"), organization, name),
  };
}
