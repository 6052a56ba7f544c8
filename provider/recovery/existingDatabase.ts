import { z } from "zod";

import type { ExistingDatabaseFacts } from "../../planning/existingDatabase.ts";
import { faultOfAddress, lookAtDatabase } from "../../recovery/site/existingDatabase.ts";
import type { ResourceHandler } from "../host/index.ts";
import type { RecoveryContext } from "./context.ts";
import { inspect } from "./inspect.ts";

const inputs = z
  .strictObject({ ref: z.string().min(1), connectionString: z.string().min(1) })
  .superRefine((wanted, check) => {
    const message = faultOfAddress(wanted);
    if (message !== undefined) check.addIssue({ code: "custom", path: ["connectionString"], message });
  });
type Inputs = z.infer<typeof inputs>;

/**
 * `recovery:index:ExistingDatabase`: a live Supabase project, id = its ref. Every operation only looks, so that declaring, changing and
 * deleting the resource leaves the project as it is. See recovery/site/existingDatabase.ts.
 */
export const existingDatabase: ResourceHandler<RecoveryContext, Inputs, ExistingDatabaseFacts> = {
  inputs,
  secrets: ["connectionString", "anonKey"],
  replaceOn: ["ref"],
  changesOnUpdate: ["projectName", "anonKey"],
  async create(context, wanted, signal) {
    return { id: wanted.ref, outputs: await look(context, wanted, signal) };
  },
  async read(context, id, last, signal) {
    if (!last) return undefined;
    return { id, inputs: last.inputs, outputs: await look(context, last.inputs, signal) };
  },
  update: (context, _id, _olds, news, signal) => look(context, news, signal),
  delete: () => Promise.resolve(),
};

function look(context: RecoveryContext, wanted: Inputs, signal: AbortSignal): Promise<ExistingDatabaseFacts> {
  return lookAtDatabase({ databaseHost: context.databaseHost(), inspect }, wanted, signal);
}
