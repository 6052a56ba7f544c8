import { z } from "zod";

import { TIERS } from "../../planning/tiers.ts";
import { contentOf, type EnvironmentSource, findEnvironment } from "../../recovery/environment/storedEnvironment.ts";
import { unsetInDrill } from "../../recovery/environment/wantedVariables.ts";
import type { ChosenBackup } from "../../recovery/vault/chooseBackup.ts";
import { UserError } from "../../services/common/errors.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Vercel project of the recovered app, for messages. */
  projectName: z.string().min(1),
  /** The app's name in the settings. Absent for the app without a name. */
  app: z.string().min(1).optional(),
  mode: z.enum(["active", "drill"]),
  stack: z.string().min(1),
  /** Another recovery takes the newest variables. */
  generation: z.int().min(1),
  vaultBucket: z.string().min(1),
  trustedWriterKeys: z.array(z.string()).min(1),
});

type Inputs = z.infer<typeof inputs>;
/** No value, and nothing that a value could be guessed from. */
interface Outputs {
  /** Id of the backup of the variables; empty if the vault has none. */
  backupId: string;
  /** The newest one, as the last refresh saw it. The next `up` takes it. */
  newestId: string;
  /** Names of the variables that a drill does not get. */
  unsetInDrill: string[];
}

/** What the vault holds for an app, and what a person has to know of it. */
interface Chosen extends Outputs {
  notes: string[];
}

/**
 * `recovery:index:SealedEnvironment`: the sealed variables that a recovery gives to an app, chosen once and opened before anything is built,
 * also in a preview. Without the identity the recovery ends here, and says how to continue. It has nothing outside the state.
 */
export const sealedEnvironment: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  changesOnUpdate: ["backupId", "newestId", "unsetInDrill"],
  diff(_context, olds, news, unknownKeys) {
    const changes: string[] = changedInputs(olds.inputs, news, unknownKeys, ["app", "mode", "generation"]);
    if (olds.outputs.newestId !== olds.outputs.backupId) changes.push("vaultBucket");
    return { replaces: [], changes };
  },
  foresee: async (context, wanted, _last, signal) => outputsOf(await choose(context, wanted, signal)),
  async create(context, wanted, signal, operation) {
    const chosen = await choose(context, wanted, signal);
    for (const note of chosen.notes) operation.warn(note);
    return { id: `${wanted.stack}/${wanted.projectName}`, outputs: outputsOf(chosen) };
  },
  async read(context, id, last, signal) {
    if (!last) return undefined;
    const { backup } = await findEnvironment(await sourceOf(context, last.inputs, signal), last.inputs.app);
    return { id, inputs: last.inputs, outputs: { ...last.outputs, newestId: backup?.backupId ?? "" } };
  },
  async update(context, _id, _olds, news, signal, operation) {
    const chosen = await choose(context, news, signal);
    for (const note of chosen.notes) operation.warn(note);
    return outputsOf(chosen);
  },
  delete: () => Promise.resolve(),
};

function outputsOf({ backupId, newestId, unsetInDrill: unset }: Chosen): Outputs {
  return { backupId, newestId, unsetInDrill: unset };
}

/** The vault of a resource, and what opens its content. */
export async function sourceOf(
  context: RecoveryContext,
  { vaultBucket, trustedWriterKeys: trustedKeys }: Pick<Inputs, "vaultBucket" | "trustedWriterKeys">,
  signal: AbortSignal,
): Promise<EnvironmentSource> {
  const { clock } = context;
  return {
    vault: context.vault(vaultBucket),
    trustedKeys,
    tiers: TIERS,
    clock,
    opener: await context.opener(),
    signal,
  };
}

async function choose(context: RecoveryContext, wanted: Inputs, signal: AbortSignal): Promise<Chosen> {
  const source = await sourceOf(context, wanted, signal);
  const { backup, passedOver } = await findEnvironment(source, wanted.app);
  if (backup === undefined) {
    const note = `No variables of ${wanted.projectName} are sealed in the vault, so it gets only the address and the key of its database. Import them: \`castchat-recovery env import FILE -s ${wanted.stack}${wanted.app === undefined ? "" : ` --app ${wanted.app}`}\`, then \`pulumi refresh -s ${wanted.stack}\` and \`pulumi up -s ${wanted.stack}\`.`;
    return { backupId: "", newestId: "", unsetInDrill: [], notes: [...passedOver, note] };
  }
  if (source.opener === undefined) throw new UserError(withoutIdentity(backup, wanted));
  const { backupId } = backup;
  const content = await contentOf(source, backup);
  return { backupId, newestId: backupId, unsetInDrill: unsetInDrill(content), notes: passedOver };
}

function withoutIdentity({ backupId, manifest }: ChosenBackup, { projectName, stack }: Inputs): string {
  return [
    `The variables of ${projectName} are sealed (${backupId}, to ${manifest.encryption?.recipients.join(", ") ?? "no recipient"}), and no age identity is set to open them. Nothing was built yet.`,
    `Set it and run the same command again: export CASTCHAT_AGE_IDENTITY_FILE=FILE (as age-keygen wrote it).`,
    `To recover without them: \`pulumi config set withoutVariables true -s ${stack}\`. The app then gets only the address and the key of its database, until you set withoutVariables to false and run \`pulumi up -s ${stack}\` with the identity.`,
  ].join(" ");
}
