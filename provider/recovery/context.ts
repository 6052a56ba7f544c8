import { z } from "zod";

import { doctorPorts } from "../../recovery/doctor/ports.ts";
import type { DoctorPorts } from "../../recovery/doctor/subject.ts";
import type { AppHost } from "../../services/appHost/appHost.ts";
import { type Clock, systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { type Ports, services } from "../../services/services.ts";
import type { Opener } from "../../services/vault/age.ts";
import { openerOf } from "../../services/vault/encryption.ts";
import { ENDPOINT_KEYS, withEndpoints } from "../../settings/endpoints.ts";
import { type ShownPlans, shownPlans } from "./shownPlans.ts";

/**
 * The provider's configuration. Addresses are settings. Credentials are environment variables, or secrets of the stack, which the state keeps
 * encrypted only.
 */
export const recoveryConfig = z.strictObject({
  /** Region of the stack's own vault. */
  awsRegion: z.string().min(1),
  ...ENDPOINT_KEYS,
  vercelTeam: z.string().min(1).optional(),
  peerVercelTeam: z.string().min(1).optional(),
  /** Secret. */
  peerVercelToken: z.string().min(1).optional(),
  /** Secret. */
  dnsToken: z.string().min(1).optional(),
  mirrorOwner: z.string().min(1).optional(),
});

/** The provider's configuration, parsed. */
export type RecoveryConfig = z.infer<typeof recoveryConfig>;

/** The clients of the provider's resources. A service's token is only read when the service is first used. */
export interface RecoveryContext extends Pick<
  Ports,
  ("databaseHost" | "appHost" | "peerAppHost" | "dns" | "git" | "mirrorHost") | ("projectContent" | "vault" | "edge")
> {
  /** The app host of the other stack's team, if that is another team; its project may have a public name. */
  otherTeam?: (() => AppHost) | undefined;
  /** Decrypts backups with the identity in the environment; undefined without one. */
  opener: () => Promise<Opener | undefined>;
  clock: Clock;
  /** What an examination asks. */
  doctorPorts: (awsRegion: string) => DoctorPorts;
  environment: NodeJS.ProcessEnv;
  /** What the preview before this update has shown. */
  shownPlans: ShownPlans;
  /** The database password of a Supabase project that is imported. Throws UserError if the environment has none. */
  importedPassword: () => string;
}

/** The name that Supabase's own command line has for it. */
const PASSWORD_VARIABLE = "SUPABASE_DB_PASSWORD";

/** Clients of every service, from the provider's configuration and the environment's credentials. */
export function recoveryContext(
  config: RecoveryConfig,
  environment: NodeJS.ProcessEnv = process.env,
  clock: Clock = systemClock,
): RecoveryContext {
  const places = withEndpoints(config);
  const made = services(places, environment);
  const { ports, token } = made;
  return {
    ...ports,
    otherTeam: config.peerVercelTeam === undefined ? undefined : ports.peerAppHost,
    // A restore does not begin without the token.
    projectContent(ref) {
      token("SUPABASE_ACCESS_TOKEN");
      return ports.projectContent(ref);
    },
    opener: () => openerOf(environment),
    clock,
    doctorPorts: (awsRegion) => doctorPorts(made, awsRegion, environment),
    environment,
    shownPlans: shownPlans(clock),
    importedPassword() {
      const password = environment[PASSWORD_VARIABLE] ?? "";
      if (password !== "") return password;
      throw new UserError(
        `Only the state of the stack that made a Supabase project holds its database password. To import the project, set ${PASSWORD_VARIABLE} to it: read -rs ${PASSWORD_VARIABLE} && export ${PASSWORD_VARIABLE} (then paste it)`,
      );
    },
  };
}
