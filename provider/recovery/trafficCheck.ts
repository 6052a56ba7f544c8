import { z } from "zod";

import { checkTraffic } from "../../recovery/site/checkTraffic.ts";
import type { Operation, ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";
import { hostName, targetInputs, trafficPorts } from "./trafficInputs.ts";

const inputs = z.strictObject({
  ...targetInputs.shape,
  /** The app's public names. `shown` is the name as the same run has read it (`seen` of recovery:index:trafficLease). */
  names: z
    .array(
      z.strictObject({
        publicName: hostName,
        takeover: z.boolean().optional(),
        shown: z.array(z.string()).optional(),
      }),
    )
    .min(1),
  /** The name that the deployment answers under already; empty while it is not kept. */
  probeName: z.union([z.literal(""), hostName]).optional(),
});

type Inputs = z.infer<typeof inputs>;
interface Outputs {
  /** The names that were proven. */
  proven: string[];
}

async function prove(
  context: RecoveryContext,
  wanted: Inputs,
  signal: AbortSignal,
  { report, warn }: Pick<Operation, "report" | "warn">,
): Promise<Outputs> {
  for (const note of await checkTraffic(trafficPorts(context), wanted, signal, report)) warn(note);
  return { proven: namesOf(wanted) };
}

function namesOf({ names }: Pick<Inputs, "names">): string[] {
  return names.map(({ publicName }) => publicName);
}

/**
 * `recovery:index:TrafficCheck`: that all public names of an app could move to its deployment, before the first one does. It is made again for
 * another deployment, generation or name, and has nothing outside the state. See recovery/site/checkTraffic.ts.
 */
export const trafficCheck: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  changesOnUpdate: ["proven"],
  diff(_context, olds, news, unknownKeys) {
    const keys = [
      "zoneName",
      "projectId",
      "deploymentUrl",
      "stack",
      "generation",
      "healthPath",
      "healthAnswer",
    ] as const;
    const changes = changedInputs<Omit<Inputs, "names"> & Record<"names", unknown>>(
      { ...olds.inputs, names: namesOf(olds.inputs) },
      // Another reading of a name by itself is no change.
      { ...news, names: news.names && namesOf({ names: news.names }) },
      unknownKeys,
      [...keys, "names"],
    );
    return { replaces: [], changes };
  },
  async create(context, wanted, signal, operation) {
    return { id: operation.name, outputs: await prove(context, wanted, signal, operation) };
  },
  read: (_context, id, last) => Promise.resolve(last && { id, ...last }),
  update: (context, _id, _olds, news, signal, operation) => prove(context, news, signal, operation),
  delete: () => Promise.resolve(),
};
