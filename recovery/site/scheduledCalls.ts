import type { AppHost } from "../../services/appHost/appHost.ts";
import { messageOf } from "../../services/common/errors.ts";

/**
 * Stops or starts the scheduled calls of an app at its host. Returns a note for the operator if the host refuses: a recovery neither waits for
 * them nor fails by them.
 */
export async function setScheduledCalls(
  appHost: AppHost,
  projectId: string,
  allowed: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name } = appHost;
  try {
    await appHost.allowScheduledCalls(projectId, allowed, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    const reason = messageOf(error).replace(/\.$/, "");
    return allowed
      ? `The scheduled calls of ${name} project ${projectId} could not be started: ${reason}. Start them in ${name}'s dashboard (Settings, Cron Jobs).`
      : `The scheduled calls of ${name} project ${projectId} could not be stopped: ${reason}. ${name} makes them from its deployment on: stop them in its dashboard (Settings, Cron Jobs).`;
  }
}
