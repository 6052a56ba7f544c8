import { RUNNER_TOKENS, type RunnerToken } from "../../settings/runnerSettings.ts";
import type { Finding } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { examine } from "./examine.ts";
import { type Patient, subjectOf } from "./subject.ts";

/**
 * Looks at everything that a backup, a drill and a recovery of a stack depend on, and changes nothing. Throws only the reason of an
 * interruption.
 *
 * @param deadline aborts when the time is over; what has not answered by then is unknown
 */
export async function doctor(
  patient: Omit<Patient, "signal">,
  { deadline, signal }: { deadline: AbortSignal; signal: AbortSignal },
): Promise<Finding[]> {
  const { environment, settings } = patient;
  const isSet = (name: RunnerToken) =>
    (environment[name] ?? "") !== "" || (name === "CLOUDFLARE_API_TOKEN" && settings.dnsToken !== undefined);
  const lacking = new Set<string>(RUNNER_TOKENS.filter((name) => !isSet(name)));
  const subject = subjectOf({ ...patient, signal: AbortSignal.any([deadline, signal]) });
  return await examine(CHECKS, subject, { deadline, signal, lacking });
}
