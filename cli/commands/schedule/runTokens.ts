import { runnerSecretName } from "../../../planning/names.ts";
import { messageOf } from "../../../services/common/errors.ts";
import type { RunnerSecret } from "../../../services/scheduler/runnerSecrets.ts";
import { TOKEN_SERVICES, type TokenService } from "../../../settings/runnerSettings.ts";
import type { Settings } from "../../../settings/settings.ts";
import { runnerSecretsOf, siteOf } from "../../stack/services.ts";

/** A token of the scheduled backups, without its value. */
export interface RunToken {
  readonly service: TokenService;
  /** Undefined if the secret could not be read, which `unknown` explains. */
  readonly isSet?: boolean;
  readonly expiresAt?: string;
  readonly unknown?: string;
}

/** Which tokens the scheduled backups have, and when they expire. A secret that may not be read is no fault of the schedule. */
export async function runTokensOf(settings: Settings, signal: AbortSignal): Promise<RunToken[]> {
  const secrets = runnerSecretsOf(settings);
  const site = siteOf(settings);
  return await Promise.all(
    (Object.keys(TOKEN_SERVICES) as TokenService[]).map((service) =>
      secrets.read(runnerSecretName(site, service), signal).then(
        (secret) => ({ service, ...shownOf(secret) }),
        (error: unknown) => {
          signal.throwIfAborted();
          return { service, unknown: messageOf(error) };
        },
      ),
    ),
  );
}

function shownOf(secret: RunnerSecret | undefined): Pick<RunToken, "isSet" | "expiresAt"> {
  const isSet = secret?.token !== undefined;
  const end = secret?.expiresAt;
  return isSet && end !== undefined ? { isSet, expiresAt: end instanceof Date ? end.toISOString() : end } : { isSet };
}

/** A line for people, with the command that sets a missing token. */
export function runTokenLine({ service, isSet, expiresAt, unknown }: RunToken, stack: string): string {
  if (unknown !== undefined) return `Token of ${service}: unknown (${unknown})`;
  if (isSet !== true)
    return `Token of ${service}: missing. Type: castchat-recovery schedule rotate ${service} -s ${stack}`;
  return `Token of ${service}: ${expiresAt === undefined ? "set; its end is not known" : expiresAt === "never" ? "does not expire" : `expires at ${expiresAt}`}`;
}
