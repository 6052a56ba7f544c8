import { z } from "zod";

import { leaseContent } from "../../recovery/site/trafficLease.ts";
import { planSentences, planTraffic, refuseChanged, seenLines } from "../../recovery/site/trafficPlan.ts";
import { UserError } from "../../services/common/errors.ts";
import type { FunctionHandler } from "../host/definition.ts";
import type { RecoveryContext } from "./context.ts";

const args = z.strictObject({
  publicName: z.string().min(1),
  zoneName: z.string().min(1),
  /** The project that is to have the name. */
  projectName: z.string().min(1),
  stack: z.string().min(1),
  generation: z.int().min(1),
  takeover: z.boolean().optional(),
  /** Only look whether a recovery could take the name, and report it instead of refusing. */
  rehearse: z.boolean().optional(),
  /** A preview: what it shows is what the update of the same command may change. */
  preview: z.boolean().optional(),
});

/**
 * `recovery:index:trafficLease`: the holder of a public name, and in `changes` what a recovery changes of the name, a sentence each. Throws
 * UserError when the stack may not take the name with its generation, so that a preview refuses before a recovery spends time on a database.
 * `seen` is the name as it is now, for the switch, which refuses if it has changed by then. So does the update of a `pulumi up` whose preview
 * has shown something else.
 */
export const trafficLease: FunctionHandler<RecoveryContext, z.infer<typeof args>> = {
  inputs: args,
  async invoke(context, { rehearse = false, preview = false, projectName, zoneName, ...wanted }, signal) {
    const ports = { dns: context.dns(), appHost: context.appHost(), otherTeam: context.otherTeam };
    const zoneId = await ports.dns.zoneId(zoneName, signal);
    if (zoneId === undefined) return { holder: "no stack", refusal: "", changes: [], seen: [] };
    // The generation is raised for a recovery, so a rehearsal does not compare it.
    const generation = rehearse ? Number.MAX_SAFE_INTEGER : wanted.generation;
    const plan = await planTraffic(ports, { ...wanted, generation, zoneId }, signal);
    if (plan.refusal !== undefined && !rehearse) throw new UserError(plan.refusal);
    const seen = seenLines(plan);
    if (!rehearse && preview) context.shownPlans.keep(plan.publicName, seen);
    const shown = rehearse || preview ? undefined : context.shownPlans.of(plan.publicName);
    if (shown !== undefined) refuseChanged(plan, shown);
    return {
      holder: plan.holder ? leaseContent(plan.holder) : "no stack",
      refusal: plan.refusal ?? "",
      changes: planSentences(plan, projectName, ports),
      seen,
    };
  },
};
