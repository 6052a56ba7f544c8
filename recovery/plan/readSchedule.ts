import { z } from "zod";

import type { RunnerTier } from "../../planning/retention/vault.ts";
import { type RunnerSize, sizeOfCompute } from "../../planning/runnerMachine.ts";
import { hoursOfRate, LONGEST_INTERVAL_HOURS, RUN_LIMIT_MINUTES } from "../../planning/schedule.ts";
import { RUNNER_SETTINGS, RUNNER_SETTINGS_VARIABLE } from "../../settings/runnerSettings.ts";
import type { RegisteredResource } from "../pulumi/pulumiResources.ts";

/** When a site's backups start, and how they are taken. */
export interface DeclaredSchedule {
  readonly intervalHours: number;
  /** ARN of the role that takes them. */
  readonly role: string;
  /** Their machine; undefined if the settings do not offer its size. */
  readonly machine: RunnerSize | undefined;
}

const SCHEDULE = "castchat:index:BackupSchedule$aws:scheduler/schedule:Schedule";
const PROJECT = "castchat:index:BackupRunner$aws:codebuild/project:Project";

/** Strict: a window, a first or a last day would leave days without a run. */
const schedule = z.strictObject({
  scheduleExpression: z.string(),
  state: z.string().default("ENABLED"),
  flexibleTimeWindow: z.strictObject({ mode: z.string() }),
  target: z.unknown(),
  ...Object.fromEntries(
    ["name", "namePrefix", "groupName", "description", "region", "kmsKeyArn", "scheduleExpressionTimezone"].map(
      (key) => [key, z.unknown().optional()],
    ),
  ),
});
const project = z.object({
  serviceRole: z.string(),
  buildTimeout: z.coerce.number().optional(),
  environment: z.object({
    computeType: z.string().optional(),
    environmentVariables: z.array(z.object({ name: z.string(), value: z.string() })),
  }),
});

/**
 * Reads when the scheduled backups of a stack start, and compares the runner's settings with the tiers that are simulated.
 *
 * @returns the schedule, unless there are faults: sentences that say what to do
 */
export function readSchedule(
  stack: string,
  resources: readonly RegisteredResource[],
  tiers: readonly RunnerTier[],
): { schedule: DeclaredSchedule | undefined; faults: string[] } {
  const [timed, second] = resources.filter(({ urn }) => urn.includes(`${SCHEDULE}::`));
  const built = resources.find(({ urn }) => urn.includes(`${PROJECT}::`));
  if (timed === undefined || built === undefined)
    return { schedule: undefined, faults: [`Stack ${stack} declares no scheduled backups. Add a BackupSchedule.`] };
  const faults = second === undefined ? [] : [`Stack ${stack} has more than one backup schedule; declare one.`];
  const when = schedule.safeParse(timed.inputs);
  const how = project.safeParse(built.inputs);
  if (!when.success || !how.success) {
    const issues = [...(when.error?.issues ?? []), ...(how.error?.issues ?? [])];
    return { schedule: undefined, faults: [...faults, ...issues.map((issue) => sentence(stack, issue))] };
  }
  faults.push(...faultsOfTime(stack, when.data), ...faultsOfRunner(stack, how.data, tiers));
  const intervalHours = hoursOfRate(when.data.scheduleExpression);
  if (intervalHours === undefined || faults.length > 0) return { schedule: undefined, faults };
  const machine = sizeOfCompute(how.data.environment.computeType);
  return { schedule: { intervalHours, role: how.data.serviceRole, machine }, faults };
}

function* faultsOfTime(stack: string, when: z.output<typeof schedule>): Generator<string> {
  const { scheduleExpression: expression, state, flexibleTimeWindow } = when;
  const hours = hoursOfRate(expression);
  if (hours === undefined)
    yield `The backup schedule of ${stack} is "${expression}", whose longest gap is unknown; write it as rate(N hours).`;
  else if (hours > LONGEST_INTERVAL_HOURS)
    yield `The backups of ${stack} run every ${hours} hours, so more than 24 hours can be lost; run them at least every ${LONGEST_INTERVAL_HOURS}.`;
  if (state !== "ENABLED") yield `The backup schedule of ${stack} is ${state}, so no backup is taken; enable it.`;
  if (flexibleTimeWindow.mode !== "OFF")
    yield `The backup schedule of ${stack} may start later than it says (flexibleTimeWindow); set its mode to OFF.`;
}

function* faultsOfRunner(
  stack: string,
  { environment, buildTimeout = RUN_LIMIT_MINUTES }: z.output<typeof project>,
  tiers: readonly RunnerTier[],
): Generator<string> {
  if (buildTimeout > RUN_LIMIT_MINUTES)
    yield `A run of ${stack} may take ${buildTimeout} minutes, but the objectives allow ${RUN_LIMIT_MINUTES}; set buildTimeout to that.`;
  const json = environment.environmentVariables.find(({ name }) => name === RUNNER_SETTINGS_VARIABLE)?.value;
  const settings = RUNNER_SETTINGS.safeParse(jsonIn(json));
  if (!settings.success) {
    yield `The runner's settings of ${stack} (${RUNNER_SETTINGS_VARIABLE}) can't be read, so the tiers that it fills are unknown; declare them as components/siteSchedule.ts does.`;
    return;
  }
  const own = (list: readonly Pick<RunnerTier, "name" | "prefix" | "period" | "lockDays">[]) =>
    list.map(({ name, prefix, period, lockDays }) => `${name} (${prefix}, each ${period}, locked ${lockDays} days)`);
  const [filled, declared] = [own(settings.data.tiers), own(tiers)];
  if (filled.join() !== declared.join())
    yield `The runner of ${stack} fills ${differing(filled, declared)}, but the stack's tiers are ${differing(declared, filled)}; take both from planning/tiers.ts.`;
}

/** The lines that the other list lacks, or all if only the order differs. */
function differing(lines: readonly string[], others: readonly string[]): string {
  const missing = lines.filter((line) => !others.includes(line));
  return (missing.length > 0 ? missing : lines).join(", ");
}

function sentence(stack: string, issue: z.core.$ZodIssue): string {
  const what = issue.code === "unrecognized_keys" ? issue.keys.join(", ") : issue.path.join(".");
  return `The backup schedule of ${stack} has a ${what} that the plan can't simulate. Remove it.`;
}

function jsonIn(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
