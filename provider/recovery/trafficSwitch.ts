import { z } from "zod";

import { readTraffic, releaseTraffic, type SwitchedTraffic, switchTraffic } from "../../recovery/site/switchTraffic.ts";
import { leaseContent, leaseNameOf } from "../../recovery/site/trafficLease.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Operation, ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";
import { hostName, targetInputs, trafficPorts } from "./trafficInputs.ts";

const inputs = z.strictObject({
  ...targetInputs.shape,
  publicName: hostName,
  takeover: z.boolean().optional(),
  /** The name as the same run has read it (`seen` of recovery:index:trafficLease). Another reading by itself changes nothing. */
  shown: z.array(z.string()).optional(),
  withoutScheduledCalls: z.boolean().optional(),
});

type Inputs = z.infer<typeof inputs>;
interface Outputs extends Omit<SwitchedTraffic, "previousHolder" | "notes"> {
  /** Null if no other stack held the name. An output that is left out would be unknown in every preview. */
  previousHolder?: string | null;
  /** Whether the project has the domain; false after the domain moved away. */
  hasDomain: boolean;
}

/** @param last what the state has of an earlier switch: its scheduled calls run, unless a person has stopped them */
async function take(
  context: RecoveryContext,
  { withoutScheduledCalls = false, ...wanted }: Inputs,
  signal: AbortSignal,
  operation: Pick<Operation, "report" | "warn">,
  last?: Inputs,
): Promise<Outputs> {
  const startsScheduledCalls = !withoutScheduledCalls && last?.projectId !== wanted.projectId;
  const {
    previousHolder = null,
    notes,
    ...switched
  } = await switchTraffic(trafficPorts(context), { ...wanted, startsScheduledCalls }, signal, operation.report);
  for (const note of notes) operation.warn(note);
  return { ...switched, previousHolder, hasDomain: true };
}

/**
 * `recovery:index:TrafficSwitch`: where a public name leads, id = the name. Taking the name over from another stack needs a higher
 * generation. `refresh` shows a lost name (`holder`), and nothing takes it back automatically. See recovery/site/switchTraffic.ts.
 */
export const trafficSwitch: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  changesOnUpdate: ["holder", "recordId", "previousHolder", "durationMs", "hasDomain"],
  diff(_context, olds, news, unknownKeys) {
    const others = [
      "projectId",
      "deploymentUrl",
      "stack",
      "generation",
      "withoutScheduledCalls",
      "healthPath",
      "healthAnswer",
    ] as const;
    const changes = changedInputs(olds.inputs, news, unknownKeys, others);
    const replaces = changedInputs(olds.inputs, news, unknownKeys, ["publicName", "zoneName"]);
    if (replaces.length === 0 && changes.length > 0) refuseLost(olds.inputs, olds.outputs.holder, news.generation);
    return { replaces, changes };
  },
  async create(context, wanted, signal, operation) {
    return { id: wanted.publicName, outputs: await take(context, wanted, signal, operation) };
  },
  async read(context, id, last, signal) {
    if (!last)
      throw new UserError(
        `The traffic of ${id} cannot be imported. Set a generation above that of the lease at ${leaseNameOf(id)}, and run \`pulumi up\`, which takes the name over.`,
      );
    const seen = await readTraffic(trafficPorts(context), last.inputs, signal);
    if (!seen) return undefined;
    // Null, too, where an earlier version has left it out.
    const { leaseName, previousHolder = null, durationMs } = last.outputs;
    const { holder, recordId, hasDomain } = seen;
    return {
      id,
      inputs: last.inputs,
      outputs: { leaseName, holder, recordId, hasDomain, durationMs, previousHolder },
    };
  },
  update: (context, _id, olds, news, signal, operation) => take(context, news, signal, operation, olds.inputs),
  async delete(context, _id, olds, signal, operation) {
    for (const line of await releaseTraffic(trafficPorts(context), olds.inputs, signal)) operation.report(line);
  },
};

/** Refuses in preview what the lease would refuse later: a lower generation, or a name that another stack has taken. */
function refuseLost(last: Inputs, holder: string, generation: number | undefined): void {
  if (generation === undefined) return;
  if (generation < last.generation)
    throw new UserError(
      `The generation of ${last.publicName} may only rise: it is ${last.generation}, not ${generation}.`,
    );
  if (holder !== leaseContent(last) && generation === last.generation)
    throw new UserError(
      `Stack ${last.stack} no longer holds ${last.publicName} (the lease says ${holder}), so none of it is changed. Raise generation above the lease's to take the name back, or remove the switch from this stack.`,
    );
}
