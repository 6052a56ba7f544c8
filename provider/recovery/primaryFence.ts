import { z } from "zod";

import { fencePrimary, type FenceResult, PARTS } from "../../recovery/site/fencePrimary.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Slug of the primary's Supabase organization. */
  organization: z.string().min(1),
  /** Name of the primary's Supabase project. */
  databaseName: z.string().min(1),
  /** Name of the primary's Vercel project. */
  vercelProject: z.string().min(1).optional(),
  /** Name of the database that an earlier recovery has made and that this one leaves. */
  leftDatabaseName: z.string().min(1).optional(),
  /** A recovery of another generation fences anew. */
  generation: z.int().min(1),
});

type Inputs = z.infer<typeof inputs>;
interface Outputs extends Record<string, unknown> {
  results: FenceResult[];
}

/**
 * `recovery:index:PrimaryFence`: stops what is left of the primary before a recovery, or says why it could not. A record of an act,
 * not a thing: reading it asks nobody, and deleting it starts nothing again.
 */
export const primaryFence: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  // Once the generation that was left is released nothing is fenced again.
  diff: (_context, olds, news, unknownKeys) => ({
    replaces: changedInputs(olds.inputs, news, unknownKeys, [
      "organization",
      "databaseName",
      "vercelProject",
      "generation",
    ]),
    changes: [],
  }),
  async create(context, wanted, signal, operation) {
    const ports = { databaseHost: context.databaseHost(), appHost: context.appHost() };
    const results = await fencePrimary(ports, wanted, signal, (line) => operation.report(line));
    // A part that still runs may still write: that must not scroll by.
    for (const { part, reason } of results.filter(({ fenced }) => !fenced))
      operation.warn(
        `${PARTS[part].replace(/^t/, "T")} could not be stopped: ${reason.replace(/\.$/, "")}. What is written there from now on is lost.`,
      );
    return { id: `${wanted.databaseName}/${wanted.generation}`, outputs: { results } };
  },
  read: (_context, id, last) => Promise.resolve(last && { id, inputs: last.inputs, outputs: last.outputs }),
  delete: () => Promise.resolve(),
};
