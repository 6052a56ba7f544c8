import { z } from "zod";

import { type DeclaredGenerations, declaredWith, isGone, seedOf } from "../../recovery/site/generations.ts";
import { readLease } from "../../recovery/site/trafficLease.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  generation: z.int().min(1),
  stack: z.string().min(1),
  publicName: z.string().min(1),
  zoneName: z.string().min(1),
  /** Slug of the Supabase organization that the databases are in. */
  organization: z.string().min(1),
});

type Inputs = z.infer<typeof inputs>;

/**
 * `recovery:index:Generations`: which generations of the recovered database a stack declares. A program keeps nothing from one `up` to
 * the next, so it learns from this resource's state which ones it has to go on declaring when the generation rises. Nothing exists
 * outside of the state. A generation leaves the list when its project is gone (`refresh`), or when it is released
 * (recovery/site/generationState.ts).
 */
export const generations: ResourceHandler<RecoveryContext, Inputs, DeclaredGenerations> = {
  inputs,
  changesOnUpdate: ["declared"],
  diff: (_context, olds, news, unknownKeys) => ({
    replaces: [],
    // The rest is only used by create.
    changes: changedInputs(olds.inputs, news, unknownKeys, ["generation"]),
  }),
  foresee: (context, wanted, last, signal) =>
    last === undefined
      ? begin(context, wanted, signal)
      : Promise.resolve(declaredWith(last.outputs, wanted.generation)),
  async create(context, wanted, signal) {
    return { id: `${wanted.stack}/generations`, outputs: await begin(context, wanted, signal) };
  },
  async read(context, id, last, signal) {
    if (!last) return undefined;
    const projects = await context.databaseHost().projects(signal);
    const { first, declared } = last.outputs;
    const { generation, organization } = last.inputs;
    const left = declared.filter((one) => one === generation || !isGone(projects, organization, one));
    return { id, inputs: last.inputs, outputs: { first, declared: left } };
  },
  update: (_context, _id, olds, news) => Promise.resolve(declaredWith(olds.outputs, news.generation)),
  delete: () => Promise.resolve(),
};

/** A stack that was made by a program without this resource may hold one generation already: the one that holds the public name. */
async function begin(
  context: RecoveryContext,
  { generation, stack, publicName, zoneName }: Inputs,
  signal: AbortSignal,
): Promise<DeclaredGenerations> {
  const dns = context.dns();
  const zoneId = await dns.zoneId(zoneName, signal);
  const lease = zoneId === undefined ? undefined : await readLease(dns, zoneId, publicName, signal);
  return seedOf(lease, { stack, generation });
}
