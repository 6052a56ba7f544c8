import { z } from "zod";

import type { TrafficPorts } from "../../recovery/site/trafficMove.ts";
import { HEALTH_ANSWER } from "../../settings/healthAnswer.ts";
import type { RecoveryContext } from "./context.ts";

/** A host name, as the resources of traffic take it. */
export const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$/, {
    error: "must be a host name in lower case.",
  });

/** Where public names are to lead, and for whom. */
export const targetInputs = z.strictObject({
  zoneName: hostName,
  projectId: z.string().min(1),
  deploymentUrl: z.url({ protocol: /^https?$/ }),
  /** Name of the stack that takes the name. The lease uses semicolons as separators. */
  stack: z.string().regex(/^[A-Za-z0-9_.-]+$/),
  generation: z.int().min(1),
  healthPath: z.string().startsWith("/").optional(),
  healthAnswer: HEALTH_ANSWER.optional(),
});

/** The clients that the operations on traffic need. */
export function trafficPorts(context: RecoveryContext): TrafficPorts {
  const { otherTeam, edge, clock } = context;
  return { appHost: context.appHost(), otherTeam, dns: context.dns(), edge, clock };
}
