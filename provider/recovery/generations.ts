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
  /** Slug of the databases' Supabase organization. */
  organization: z.string().min(1),
});

type Inputs = z.infer<typeof inputs>;

/**
 * `recovery:index:Generations`: the generations of the recovered database that a stack declares. A program keeps nothing from one `up` to
 * the next, so this resource's state lists the generations to declare when the number rises. It has nothing outside the state. A generation
 * leaves the list when its project is gone (`refresh`), or when it is released (recovery/site/generationState.ts).
 */
export const generations: ResourceHandler<RecoveryContext, Inputs, DeclaredGenerations> = {
  inputs,
  changesOnUpdate: ["declared"],
  diff: (_context, olds, news, unknownKeys) => ({
    replaces: [],
    // Only create uses the other inputs.
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

/** A stack of a program without this resource may already have one generation: the one that holds the public name. */
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
