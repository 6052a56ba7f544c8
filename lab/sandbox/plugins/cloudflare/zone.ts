import { z } from "zod";

import { type RestContext, restRow } from "../rest.ts";

const inputs = z.strictObject({
  name: z.string().min(3),
  account: z.strictObject({ id: z.string().min(1) }),
  type: z.enum(["full", "partial", "secondary"]).optional(),
  paused: z.boolean().optional(),
});
type Inputs = z.infer<typeof inputs>;

const answer = z.object({
  result: z.object({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    paused: z.boolean(),
    type: z.enum(["full", "partial", "secondary"]),
    name_servers: z.array(z.string()).default([]),
    account: z.object({ id: z.string(), name: z.string().optional() }),
    created_on: z.string(),
  }),
});

/** cloudflare:index/zone:Zone */
export const zone = restRow<RestContext, z.infer<typeof answer>, Inputs, object>({
  inputs,
  replaceOn: ["name", "account"],
  answer,
  collection: () => "/zones",
  item: (_context, id) => `/zones/${id}`,
  change: "PATCH",
  body: (given) => given,
  state({ result }, last) {
    const actual: Inputs = {
      name: result.name,
      account: { id: result.account.id },
      ...((last === undefined || last.type !== undefined || result.type !== "full") && { type: result.type }),
      ...((last === undefined || last.paused !== undefined || result.paused) && { paused: result.paused }),
    };
    const outputs = {
      status: result.status,
      nameServers: result.name_servers,
      createdOn: result.created_on,
      type: result.type,
      paused: result.paused,
    };
    return { id: result.id, inputs: actual, outputs };
  },
});
