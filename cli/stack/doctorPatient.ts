import { z } from "zod";

import { doctorPorts } from "../../recovery/doctor/ports.ts";
import type { KnownOutputs, Patient } from "../../recovery/doctor/subject.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { services } from "../../services/services.ts";

const text = z.string().optional();
const outputsSchema = z.object({
  vaultBucket: text,
  signingPublicKey: text,
  supabaseRef: text,
  databaseUrl: text,
  schedule: z.object({ name: z.string(), project: z.string(), missedRunsUrl: z.string() }).optional(),
});

/**
 * Reads the stack that is to be examined, up or not, from the Pulumi project in the current folder.
 *
 * @throws UserError for an unknown stack, a wrong passphrase, faulty settings, or a backend that does not answer
 */
export async function readPatient(
  stack: string,
  { deadline, signal }: { deadline: AbortSignal; signal: AbortSignal },
): Promise<Omit<Patient, "signal">> {
  const pulumi = pulumiClient({ stack, workspace: process.cwd(), signal: AbortSignal.any([deadline, signal]) });
  const [config, outputs] = await Promise.all([pulumi.config(), pulumi.outputs()]).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new UserError(
      `Pulumi did not read stack ${stack} in time: check PULUMI_BACKEND_URL and the network. Type: pulumi stack ls`,
      { cause: error },
    );
  });
  const settings = settingsIn(config, stack);
  return {
    settings,
    outputs: knownIn(outputs),
    ports: doctorPorts(services(settings, process.env), settings.awsRegion, process.env),
    environment: process.env,
    clock: systemClock,
  };
}

/** Undefined for a stack without outputs: none of its updates has ended. */
function knownIn(outputs: Record<string, unknown>): KnownOutputs | undefined {
  return Object.keys(outputs).length === 0 ? undefined : outputsSchema.parse(outputs);
}
