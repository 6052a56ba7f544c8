import { z } from "zod";

import { APP_CONNECTIONS } from "../../planning/appConnection.ts";
import { recoveredValues } from "../../recovery/environment/recoveredProject.ts";
import { ourVariables, removeOurVariables, setVariables } from "../../recovery/environment/setVariables.ts";
import { openEnvironment } from "../../recovery/environment/storedEnvironment.ts";
import { digestOf, wantedVariables } from "../../recovery/environment/wantedVariables.ts";
import type { Operation, ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";
import { sourceOf } from "./sealedEnvironment.ts";

const inputs = z.strictObject({
  /** Vercel's id of the project. */
  projectId: z.string().min(1),
  mode: z.enum(["active", "drill"]),
  /** Backup of the sealed variables; empty if there is none. */
  backupId: z.string(),
  vaultBucket: z.string().min(1),
  trustedWriterKeys: z.array(z.string()).min(1),
  /** Reference of the recovered Supabase project. */
  supabaseRef: z.string(),
  /** Secret. Address of its database, at the session pooler. */
  connectionString: z.string().min(1),
  /** How the app reaches it. */
  connection: z.enum(APP_CONNECTIONS),
  /** Names and targets that another resource sets. */
  except: z.array(
    z.strictObject({ key: z.string(), targets: z.array(z.enum(["production", "preview", "development"])) }),
  ),
});

type Inputs = z.infer<typeof inputs>;
/** Names, and a digest that only the sealed object can be compared with. */
interface Outputs {
  /** Names of the variables that were set. */
  names: string[];
  /** Those of them that the project did not have any more when it was last read. */
  missing: string[];
  /** Changes with every variable, and with each import. Empty if none was set. */
  digest: string;
}

const NOTHING: Outputs = { names: [], missing: [], digest: "" };

/**
 * `recovery:index:AppEnvironment`: the variables of a recovered app, id = the project's id. They go from the sealed object to the app host on
 * the machine that runs the engine; no value reaches the engine or its state. Variables that people have set in the project stay as they are.
 */
export const appEnvironment: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  secrets: ["connectionString"],
  changesOnUpdate: ["names", "missing", "digest"],
  diff(_context, olds, news, unknownKeys) {
    const others = ["mode", "backupId", "supabaseRef", "connectionString", "connection", "except"] as const;
    const changes: string[] = changedInputs(olds.inputs, news, unknownKeys, others);
    if (olds.outputs.missing.length > 0) changes.push("backupId");
    return { replaces: changedInputs(olds.inputs, news, unknownKeys, ["projectId"]), changes };
  },
  async foresee(context, wanted, _last, signal) {
    if (wanted.backupId === "") return NOTHING;
    const { variables, digest } = await open(context, wanted, signal);
    return { names: [...new Set(variables.map(({ key }) => key))].sort(), missing: [], digest };
  },
  async create(context, wanted, signal, operation) {
    return { id: wanted.projectId, outputs: await apply(context, wanted, signal, operation) };
  },
  async read(context, id, last, signal) {
    if (!last) return undefined;
    const there = await ourVariables(context.appHost(), id, signal);
    if (there === undefined) return undefined;
    const { names } = last.outputs;
    const missing = names.filter((name) => !there.includes(name));
    return { id, inputs: last.inputs, outputs: { ...last.outputs, missing } };
  },
  update: (context, _id, _olds, news, signal, operation) => apply(context, news, signal, operation),
  delete: (context, id, _olds, signal) => removeOurVariables(context.appHost(), id, signal),
};

async function apply(
  context: RecoveryContext,
  wanted: Inputs,
  signal: AbortSignal,
  operation: Operation,
): Promise<Outputs> {
  const { projectId, backupId, mode } = wanted;
  const appHost = context.appHost();
  if (backupId === "") {
    await removeOurVariables(appHost, projectId, signal);
    return NOTHING;
  }
  operation.report("Opening the app's sealed variables");
  const { variables, digest } = await open(context, wanted, signal);
  operation.report(`Setting ${variables.length} variables of the app`);
  const { names, kept } = await setVariables(appHost, projectId, variables, signal);
  if (kept.length > 0)
    operation.warn(
      `These variables of ${appHost.name} project ${projectId} were set there by hand, and keep their values${mode === "drill" ? ", also in this drill" : ""}: ${kept.join(", ")}. To get the sealed ones, remove them there, then run \`pulumi refresh\` and \`pulumi up\`.`,
    );
  return { names, missing: [], digest };
}

/** Opens the sealed variables, and makes those to set. */
async function open(context: RecoveryContext, wanted: Inputs, signal: AbortSignal) {
  const { backupId, mode, except, supabaseRef: ref, connectionString, connection } = wanted;
  const environment = await openEnvironment(await sourceOf(context, wanted, signal), backupId);
  const valueOf = recoveredValues(() => context.databaseHost(), { ref, connectionString, connection }, signal);
  const variables = await wantedVariables(environment, mode, valueOf, except);
  return { variables, digest: digestOf(environment, variables) };
}
