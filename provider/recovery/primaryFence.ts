import { z } from "zod";

import type { LiveDatabase } from "../../recovery/site/existingDatabase.ts";
import {
  fencePrimary,
  type FenceResult,
  PARTS,
  type PrimaryNames,
  type StopWrites,
} from "../../recovery/site/fencePrimary.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Slug of the primary's Supabase organization. */
  organization: z.string().min(1),
  /** Name of the primary's Supabase project. */
  databaseName: z.string().min(1),
  /** Name of the Vercel project of the primary's first app. */
  vercelProject: z.string().min(1).optional(),
  /** Those of its further apps. */
  furtherVercelProjects: z.array(z.string().min(1)).optional(),
  /** Reference of the primary's live Supabase project, in place of its name. */
  databaseRef: z.string().min(1).optional(),
  /** Secret. Address of that project's database. */
  connectionString: z.string().min(1).optional(),
  /** Name of the database of an earlier recovery that this one replaces. */
  leftDatabaseName: z.string().min(1).optional(),
  /** Reference and, secret, address of that database. Empty if it was never created. */
  leftDatabaseRef: z.string().optional(),
  leftConnectionString: z.string().optional(),
  /** A recovery of another generation fences again. */
  generation: z.int().min(1),
});

type Inputs = z.infer<typeof inputs>;
interface Outputs extends Record<string, unknown> {
  results: FenceResult[];
}

/**
 * `recovery:index:PrimaryFence`: stops what still runs of the primary before a recovery, or records why it could not. It records an act, so
 * reading it calls no service, and deleting it restarts nothing.
 */
export const primaryFence: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  secrets: ["connectionString", "leftConnectionString"],
  // Releasing the replaced generation fences nothing again.
  diff(_context, olds, news, unknownKeys) {
    const fenced = [
      ...(["organization", "databaseName", "vercelProject", "furtherVercelProjects"] as const),
      ...(["databaseRef", "generation"] as const),
    ];
    return { replaces: changedInputs(olds.inputs, news, unknownKeys, fenced), changes: [] };
  },
  async create(context, wanted, signal, operation) {
    const ports = { databaseHost: context.databaseHost, appHost: context.peerAppHost, stopWrites };
    const results = await fencePrimary(ports, primaryIn(wanted), signal, operation.report);
    // A part that still runs may still write, so the warning must stay visible.
    for (const { part, reason } of results.filter(({ fenced }) => !fenced))
      operation.warn(
        `${PARTS[part].replace(/^t/, "T")} could not be stopped: ${reason.replace(/\.$/, "")}. Everything written there from now on is lost.`,
      );
    return { id: `${wanted.databaseName}/${wanted.generation}`, outputs: { results } };
  },
  read: (_context, id, last) => Promise.resolve(last && { id, inputs: last.inputs, outputs: last.outputs }),
  delete: () => Promise.resolve(),
};

function primaryIn({
  databaseRef: ref,
  connectionString,
  vercelProject,
  furtherVercelProjects = [],
  leftDatabaseRef,
  leftConnectionString,
  ...names
}: Inputs): PrimaryNames {
  return {
    ...names,
    live: liveAt(ref, connectionString),
    left: liveAt(leftDatabaseRef, leftConnectionString),
    appProjects: [...(vercelProject === undefined ? [] : [vercelProject]), ...furtherVercelProjects],
  };
}

function liveAt(ref = "", connectionString = ""): LiveDatabase | undefined {
  return ref === "" || connectionString === "" ? undefined : { ref, connectionString };
}

/** Only a fence over SQL needs the gate, so it is loaded then. */
const stopWrites: StopWrites = async (...database) => {
  const { stopWritesOf } = await import("../../recovery/gate/stopWrites.ts");
  return await stopWritesOf(...database);
};
