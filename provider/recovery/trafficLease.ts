import { z } from "zod";

import { liveNameRefusal } from "../../recovery/site/publicRecord.ts";
import { leaseContent, leaseRefusal, readLease } from "../../recovery/site/trafficLease.ts";
import { UserError } from "../../services/common/errors.ts";
import type { FunctionHandler } from "../host/definition.ts";
import type { RecoveryContext } from "./context.ts";

const args = z.strictObject({
  publicName: z.string().min(1),
  zoneName: z.string().min(1),
  stack: z.string().min(1),
  generation: z.int().min(1),
  takeover: z.boolean().optional(),
  /** Only look whether a recovery could take the name, and report it instead of refusing. */
  rehearse: z.boolean().optional(),
});

/**
 * `recovery:index:trafficLease`: the holder of a public name. Throws UserError when the stack may not take the name with its generation, so
 * that a preview refuses before a recovery spends time on a database.
 */
export const trafficLease: FunctionHandler<RecoveryContext, z.infer<typeof args>> = {
  inputs: args,
  async invoke(context, { rehearse, ...wanted }, signal) {
    const { publicName, zoneName } = wanted;
    const dns = context.dns();
    const zoneId = await dns.zoneId(zoneName, signal);
    if (zoneId === undefined) return { holder: "no stack", refusal: "" };
    const lease = await readLease(dns, zoneId, publicName, signal);
    // The generation is raised for a recovery, so a rehearsal does not compare it.
    const refusal =
      (rehearse === true ? undefined : leaseRefusal(lease, wanted, publicName)) ??
      (await liveNameRefusal(dns, { zoneId, publicName, lease }, wanted, signal));
    if (refusal !== undefined && rehearse !== true) throw new UserError(refusal);
    return { holder: lease ? leaseContent(lease) : "no stack", refusal: refusal ?? "" };
  },
};
