import { z } from "zod";
import { UserError } from "../../clients/errors.ts";
import { inspectDatabase } from "../../operations/database/databaseContent.ts";
import {
  createSupabaseProject,
  deleteSupabaseProject,
  readSupabaseProject,
} from "../../operations/site/supabaseProject.ts";
import type { ReadyProject, SupabaseProjectPorts } from "../../operations/site/supabaseProject.ts";
import { supabaseRegionFault } from "../../planning/supabaseRegions.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Supabase allows 256 characters; a dot is not allowed. */
  name: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^.]+$/, { error: "must not contain a dot." }),
  /** The organization's slug. */
  organization: z.string().min(1),
  /** Region's code as Supabase writes it, "ap-northeast-2". */
  region: z.string().superRefine((region, check) => {
    const fault = supabaseRegionFault(region);
    if (fault !== undefined) check.addIssue({ code: "custom", message: `is "${region}", ${fault}` });
  }),
  deletionProtection: z.boolean(),
});

type Inputs = z.infer<typeof inputs>;

const IDENTITY = ["name", "organization", "region"] as const;

function ports(context: RecoveryContext): SupabaseProjectPorts {
  return {
    supabase: context.supabase(),
    inspect: inspectDatabase,
    passwordOf: (organization, name) => context.passwordOf(organization, name),
    projectUrlTemplate: context.projectUrlTemplate,
    clock: context.clock,
  };
}

/** `recovery:index:SupabaseProject`: a Supabase project, id = its ref. See operations/site/supabaseProject.ts. */
export const supabaseProject: ResourceHandler<RecoveryContext, Inputs, ReadyProject> = {
  inputs,
  secrets: ["databasePassword", "connectionString", "anonKey"],
  diff(_context, olds, news, unknownKeys) {
    const replaces = changedInputs(olds.inputs, news, unknownKeys, IDENTITY);
    const [first] = replaces;
    if (first && olds.inputs.deletionProtection) {
      throw new UserError(
        `Supabase project ${olds.inputs.name} (${olds.outputs.ref}) is protected, and another ${first} needs a new project and deletes this one for good: set deletionProtection to false, run up, and then change ${first}.`,
      );
    }
    return { replaces, changes: changedInputs(olds.inputs, news, unknownKeys, ["deletionProtection"]) };
  },
  async create(context, wanted, signal, operation) {
    const outputs = await createSupabaseProject(ports(context), wanted, signal, (line) => operation.report(line));
    return { id: outputs.ref, outputs };
  },
  async read(context, id, last, signal) {
    const found = await readSupabaseProject(ports(context), id, last?.outputs.databasePassword, signal);
    if (!found) return undefined;
    const { name, organization, region } = found.project;
    return {
      id,
      // Protection is ours alone: Supabase knows none, so an imported project begins with it.
      inputs: { name, organization, region, deletionProtection: last?.inputs.deletionProtection ?? true },
      outputs: { ...found.ready, durationMs: last?.outputs.durationMs ?? 0 },
    };
  },
  // Protection is the one thing that changes in place, and it lives in the state.
  update: (_context, _id, olds) => Promise.resolve(outputsOf(olds.outputs)),
  async delete(context, id, olds, signal) {
    const { name, deletionProtection } = olds.inputs;
    await deleteSupabaseProject(ports(context), { ref: id, name, deletionProtection }, signal);
  },
};

/** Without the inputs that the host keeps beside them. */
function outputsOf(state: ReadyProject): ReadyProject {
  const {
    ref,
    apiUrl,
    host,
    port,
    user,
    database,
    databasePassword,
    connectionString,
    anonKey,
    createdAt,
    durationMs,
  } = state;
  return {
    ref,
    apiUrl,
    host,
    port,
    user,
    database,
    databasePassword,
    connectionString,
    anonKey,
    createdAt,
    durationMs,
  };
}
