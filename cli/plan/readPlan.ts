import { vaultBucketName } from "../../planning/names.ts";
import { type PlanInput, refuse } from "../../recovery/plan/plan.ts";
import { readRules, type ReadVault } from "../../recovery/plan/readRules.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { registeredApart } from "../../recovery/pulumi/pulumiApart.ts";
import type { RegisteredResource } from "../../recovery/pulumi/pulumiResources.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Settings } from "../../settings/settings.ts";
import { settingsIn } from "../stack/stackContext.ts";

/** The stacks of the plan, and how to read them. */
export interface ReadPlanOptions {
  stack: string;
  standby: string | false;
  deployed: boolean;
  signal: AbortSignal;
}

/** What the stacks define: everything but the assumptions, except the interval between runs. */
export interface ReadPlan extends Omit<PlanInput, "assumptions"> {
  intervalHours: number;
}

/** A stack's settings and the rules of its vault. */
interface ReadStack {
  settings: Settings;
  read: ReadVault;
}

/**
 * Reads the rules of both stacks, either declared by the program in the current folder or deployed. Throws for an unreadable primary; an
 * unreadable standby is part of the plan.
 */
export async function readPlan({ stack, standby, deployed, signal }: ReadPlanOptions): Promise<ReadPlan> {
  const read = (name: string) => readStack(name, deployed, signal);
  const standbyRead =
    standby === false ? undefined : read(standby).catch((error: unknown) => whyUnreadable(error, signal));
  const [primary, replica] = await Promise.all([read(stack), standbyRead]);
  if (primary.settings.role !== "primary")
    throw new UserError(
      `Stack ${stack} is a standby, but a plan starts from the stack that writes backups. Run \`castchat-recovery plan -s prod --standby ${stack}\`.`,
    );
  const unreadable =
    typeof replica === "string" && standby !== false ? { unreadable: { stack: standby, why: replica } } : undefined;
  const replicaRead = typeof replica === "string" ? undefined : replica?.read;
  refuse([...primary.read.faults, ...(replicaRead?.faults ?? [])]);
  if (primary.read.vault === undefined) throw new Error("a vault without faults is there");
  return {
    primary: primary.read.vault,
    replica: unreadable ?? replicaRead?.vault,
    tiers: primary.settings.tiers,
    intervalHours: primary.settings.intervalHours,
  };
}

async function readStack(stack: string, deployed: boolean, signal: AbortSignal): Promise<ReadStack> {
  const { config, resources } = await (deployed
    ? readDeployed(stack, signal)
    : registeredApart({ stack, workspace: process.cwd(), signal }));
  const settings = settingsIn(config, stack);
  const { project, role, awsAccountId: accountId, awsRegion: region } = settings;
  return { settings, read: readRules(stack, vaultBucketName({ project, role, accountId, region }), resources) };
}

async function readDeployed(
  stack: string,
  signal: AbortSignal,
): Promise<{ config: Record<string, string>; resources: RegisteredResource[] }> {
  const pulumi = pulumiClient({ stack, workspace: process.cwd(), signal });
  const config = await pulumi.config();
  const resources = await pulumi.deployed();
  if (resources.length === 0)
    throw new UserError(`Stack ${stack} is not deployed. Leave --deployed out to check what its program declares.`);
  return { config, resources };
}

function whyUnreadable(error: unknown, signal: AbortSignal): string {
  if (signal.aborted || (error instanceof Error && error.name === "AbortError")) throw error;
  return messageOf(error).replaceAll(/\s*\n\s*/g, " ");
}
