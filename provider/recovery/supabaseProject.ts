import { z } from "zod";

import { generationOf } from "../../planning/names.ts";
import { READY_PROJECT, READY_PROJECT_SECRETS, type ReadyProject } from "../../planning/readyProject.ts";
import {
  createDatabaseProject,
  deleteDatabaseProject,
  findKeptProject,
  importDatabaseProject,
  isPaused,
  readDatabaseProject,
} from "../../recovery/site/databaseProject.ts";
import type { ReadyPorts } from "../../recovery/site/projectReady.ts";
import { UserError } from "../../services/common/errors.ts";
import { supabaseRegionFault } from "../../settings/supabaseRegions.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";
import { inspect } from "./inspect.ts";

const inputs = z.strictObject({
  /** Supabase allows 256 characters; a dot is not allowed. */
  name: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^.]+$/, { error: "must not contain a dot." }),
  /** The organization's slug. */
  organization: z.string().min(1),
  /** The region's code as Supabase writes it, "ap-northeast-2". */
  region: z.string().superRefine((region, check) => {
    const fault = supabaseRegionFault(region);
    if (fault !== undefined) check.addIssue({ code: "custom", message: `is "${region}", ${fault}` });
  }),
  /** The database password if this project has yet to be created. One that exists keeps its own, whatever this says. */
  initialPassword: z.string().min(1),
  deletionProtection: z.boolean(),
  /** The project belongs to an earlier generation: the state takes what exists of it, and no project is created. */
  kept: z.boolean().optional(),
});

type Inputs = z.infer<typeof inputs>;

const IDENTITY = ["name", "organization", "region"] as const;

function ports(context: RecoveryContext): ReadyPorts {
  return { databaseHost: context.databaseHost(), inspect, clock: context.clock };
}

/** `recovery:index:SupabaseProject`: a Supabase project, id = its ref. See recovery/site/databaseProject.ts. */
export const supabaseProject: ResourceHandler<RecoveryContext, Inputs, ReadyProject> = {
  inputs,
  secrets: ["initialPassword", ...READY_PROJECT_SECRETS],
  diff(_context, olds, news, unknownKeys) {
    const replaces = changedInputs(olds.inputs, news, unknownKeys, IDENTITY);
    const [first] = replaces;
    if (first && olds.inputs.deletionProtection)
      throw new UserError(
        `Supabase project ${olds.inputs.name} (${olds.outputs.ref}) is protected, and another ${first} would replace it and delete it for good. Leave ${first} as it is. ${wayOut(olds.inputs.name, first)}`,
      );
    if (olds.outputs.ref === "" && news.kept !== true)
      throw new UserError(
        `No Supabase project ${olds.inputs.name} was ever created, and its generation was given up. Raise generation to a number that was not used.`,
      );
    return { replaces, changes: changedInputs(olds.inputs, news, unknownKeys, ["deletionProtection"]) };
  },
  async create(context, wanted, signal, operation) {
    if (wanted.kept === true) {
      const found = await findKeptProject(ports(context), wanted, wanted.initialPassword, signal);
      if ("missing" in found) operation.warn(found.missing);
      return "missing" in found ? { id: NEVER_MADE, outputs: NOTHING } : { id: found.ready.ref, outputs: found.ready };
    }
    const { initialPassword } = wanted;
    const outputs = await createDatabaseProject(ports(context), wanted, initialPassword, signal, operation.report);
    return { id: outputs.ref, outputs };
  },
  async read(context, id, last, signal) {
    // A paused project answers few requests, and none of its state can have changed.
    if (last && (id === NEVER_MADE || (await isPaused(context.databaseHost(), id, signal))))
      return { id, inputs: last.inputs, outputs: last.outputs };
    const password = last?.outputs.databasePassword ?? context.importedPassword();
    const find = last ? readDatabaseProject : importDatabaseProject;
    const found = await find(ports(context), id, password, signal);
    if (!found) return undefined;
    const { name, organization, region } = found.project;
    // Supabase has no such protection, so an imported project begins protected.
    const unlessKnown = { deletionProtection: true, initialPassword: password };
    return {
      id,
      inputs: { ...(last?.inputs ?? unlessKnown), name, organization, region },
      outputs: { ...found.ready, durationMs: last?.outputs.durationMs ?? 0 },
    };
  },
  // Only the protection changes in place, and it is part of the state.
  update: (_context, _id, olds) => Promise.resolve(READY_PROJECT.parse(olds.outputs)),
  async delete(context, id, olds, signal) {
    if (id === NEVER_MADE) return;
    const { name, deletionProtection } = olds.inputs;
    await deleteDatabaseProject(ports(context), { ref: id, name, deletionProtection }, signal);
  },
};

/** Id and outputs of an earlier generation whose project was never created, because its `up` was interrupted. */
const NEVER_MADE = "never-made";
const NOTHING: ReadyProject = {
  ref: "",
  apiUrl: "",
  host: "",
  port: 0,
  user: "",
  database: "",
  databasePassword: "",
  connectionString: "",
  anonKey: "",
  createdAt: "",
  durationMs: 0,
};

function wayOut(name: string, changed: string): string {
  const generation = generationOf(name);
  const protection = `To give the project up, run \`pulumi config set protect false\` and \`pulumi up\`, and then change ${changed}.`;
  if (generation === undefined) return protection;
  return changed === "name"
    ? `The project is of generation ${generation}, which the state holds under the names of another. First run \`castchat-recovery generation release ${generation}\`, which leaves the project as it is.`
    : `A higher generation creates a new project beside it. ${protection}`;
}
