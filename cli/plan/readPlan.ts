import { declaredPlan, type DeclaredStack } from "../../recovery/plan/declaredPlan.ts";
import { type PlanInput, refuse } from "../../recovery/plan/plan.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { registeredApart } from "../../recovery/pulumi/pulumiApart.ts";
import type { Registration } from "../../recovery/pulumi/pulumiResources.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";

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
  const { plan, faults } = declaredPlan(primary, typeof replica === "string" ? undefined : replica);
  if (plan === undefined) refuse(faults);
  return { ...plan, replica: unreadable ?? plan.replica };
}

async function readStack(stack: string, deployed: boolean, signal: AbortSignal): Promise<DeclaredStack> {
  const { config, resources } = await (deployed
    ? readDeployed(stack, signal)
    : registeredApart({ stack, workspace: process.cwd(), signal }));
  return { stack, settings: settingsIn(config, stack), resources };
}

async function readDeployed(stack: string, signal: AbortSignal): Promise<Registration> {
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
