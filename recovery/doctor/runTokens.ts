import { runnerSecretName } from "../../planning/names.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { RunnerSecret } from "../../services/scheduler/runnerSecrets.ts";
import { NO_TOKEN, ownTokenOfRuns, TOKEN_SERVICES, type TokenService } from "../../settings/runnerSettings.ts";
import { failed, type Outcome, skipped, unknown } from "./check.ts";
import type { Subject } from "./subject.ts";
import { lifeOf } from "./tokenLife.ts";

/** The tokens of the scheduled backups: each service is asked with the runs' own one, which may end long before the engineer's. */
export async function runTokens(subject: Subject): Promise<Outcome | Outcome[]> {
  const { outputs, ports, site } = subject;
  if (outputs?.schedule === undefined)
    return skipped("This stack takes no scheduled backups: only a primary and an active standby do.");
  const names = (Object.keys(TOKEN_SERVICES) as TokenService[]).map(
    (service) => [service, runnerSecretName(site, service)] as const,
  );
  const keys = new Map<string, string>(names.map(([service, name]) => [name, TOKEN_SERVICES[service]]));
  const secrets = ports.runnerSecrets({ keyOf: (name) => keys.get(name) ?? "", none: NO_TOKEN });
  return await Promise.all(
    names.map(async ([service, name]) => {
      try {
        return await inspect(service, await secrets.read(name, subject.signal), subject);
      } catch (error) {
        return unknown(`The runs' token of ${service} could not be looked at: ${messageOf(error)}`);
      }
    }),
  );
}

async function inspect(
  service: TokenService,
  secret: RunnerSecret | undefined,
  { ports, settings, clock, signal }: Subject,
): Promise<Outcome> {
  const variable = TOKEN_SERVICES[service];
  const fix = `export ${ownTokenOfRuns(variable)} with a new token, then castchat-recovery schedule rotate ${service} -s ${settings.stack}`;
  if (secret?.token === undefined)
    return failed(`The runs have no token of ${service}, so every backup lacks what is read with it.`, fix);
  const { isValid, expiresAt = secret.expiresAt } = await ports.inspectToken(variable, signal, secret.token);
  if (!isValid)
    return failed(`The service refuses the runs' token of ${service}: it is wrong, revoked or expired.`, fix);
  return lifeOf(expiresAt, clock(), { says: `The runs' token of ${service} is valid`, renew: fix, replace: fix });
}
