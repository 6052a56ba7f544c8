import { z } from "zod";

import { dropProbe, keepProbe, type ProbeState, readProbe } from "../../recovery/site/probeName.ts";
import { UserError } from "../../services/common/errors.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";
import { hostName, trafficPorts } from "./trafficInputs.ts";

const inputs = z.strictObject({ probeName: hostName, zoneName: hostName, projectId: z.string().min(1) });

type Inputs = z.infer<typeof inputs>;
interface Outputs {
  state: ProbeState;
  /** The name while it is kept; empty otherwise. */
  keptName: string;
}

function outputsOf({ probeName }: Inputs, state: ProbeState): Outputs {
  return { state, keptName: state === "kept" ? probeName : "" };
}

/**
 * `recovery:index:ProbeName`: a name that leads to a standby's project ahead of a recovery, id = the name. Without a zone it is noted as not kept.
 * `refresh` sees the zone, or what is missing, and the next `up` makes it. See recovery/site/probeName.ts.
 */
export const probeName: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  changesOnUpdate: ["state", "keptName"],
  diff(_context, olds, news, unknownKeys) {
    const replaces = changedInputs(olds.inputs, news, unknownKeys, ["probeName", "zoneName", "projectId"]);
    return { replaces, changes: olds.outputs.state === "missing" ? ["probeName"] : [] };
  },
  async create(context, wanted, signal, { report, warn }) {
    const state = await keepProbe(trafficPorts(context), wanted, signal, report);
    if (state === "no zone")
      warn(
        `Zone ${wanted.zoneName} does not exist yet, so ${wanted.probeName} is not kept. Once it does, run \`pulumi up --refresh\` for this stack.`,
      );
    return { id: wanted.probeName, outputs: outputsOf(wanted, state) };
  },
  async read(context, id, last, signal) {
    if (!last)
      throw new UserError(`The probe name ${id} cannot be imported: \`pulumi up\` makes what is missing of it.`);
    const seen = await readProbe(trafficPorts(context), last.inputs, signal);
    return { id, inputs: last.inputs, outputs: outputsOf(last.inputs, seen) };
  },
  update: async (context, _id, _olds, news, signal, { report }) =>
    outputsOf(news, await keepProbe(trafficPorts(context), news, signal, report)),
  delete: (context, _id, { inputs: last }, signal) => dropProbe(trafficPorts(context), last, signal),
};
