import { z } from "zod";

import { changeInWords, liveNameRefusal, recordChange } from "../../recovery/site/publicRecord.ts";
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
 * that a preview refuses before a recovery spends time on a database. The same for a record that can't lead to the app host in place. `change` says
 * what a recovery changes of the record.
 */
export const trafficLease: FunctionHandler<RecoveryContext, z.infer<typeof args>> = {
  inputs: args,
  async invoke(context, { rehearse, ...wanted }, signal) {
    const { publicName, zoneName } = wanted;
    const [dns, appHost] = [context.dns(), context.appHost()];
    const zoneId = await dns.zoneId(zoneName, signal);
    if (zoneId === undefined) return { holder: "no stack", refusal: "", change: "" };
    const lease = await readLease(dns, zoneId, publicName, signal);
    // The generation is raised for a recovery, so a rehearsal does not compare it.
    const refusal =
      (rehearse === true ? undefined : leaseRefusal(lease, wanted, publicName)) ??
      (await liveNameRefusal(dns, { zoneId, publicName, lease }, wanted, signal));
    if (refusal !== undefined && rehearse !== true) throw new UserError(refusal);
    const holder = lease ? leaseContent(lease) : "no stack";
    try {
      const change = await recordChange(dns, appHost, { zoneId, publicName }, signal);
      return { holder, refusal: refusal ?? "", change: changeInWords(dns, publicName, change) ?? "" };
    } catch (error) {
      if (rehearse !== true || !(error instanceof UserError)) throw error;
      return { holder, refusal: refusal ?? error.message, change: "" };
    }
  },
};
