import type { PreviewReport, Violation } from "../recovery/pulumi/previewChild.ts";
import { type DeclaredStack, replicaInAnotherRegion, type StacksRule } from "./stacks/replicaInAnotherRegion.ts";

/** The rules over all stacks' previews, by name. */
export const RULES: Readonly<Record<string, StacksRule>> = {
  "stacks-replica-in-another-region": replicaInAnotherRegion,
};

/** What came of one stack's preview under the policies. */
export type StackReport = DeclaredStack & Pick<PreviewReport, "violations" | "failure">;

/** The previews' verdict: the lines to print, and the exit code (0 kept, 1 a policy is broken, 2 a preview failed). */
export interface Verdict {
  readonly lines: readonly string[];
  readonly exitCode: 0 | 1 | 2;
}

/**
 * Judges the previews of all stacks by their own policies and by the rules over all stacks. Pure.
 *
 * @param modes previews of the same stacks in other modes, which only their own policies judge
 */
export function judge(
  reports: readonly StackReport[],
  rules: Readonly<Record<string, StacksRule>> = RULES,
  modes: readonly StackReport[] = [],
): Verdict {
  const all = [...reports, ...modes];
  const failed = all.some(({ failure }) => failure !== undefined);
  const lines = all.flatMap(linesOf);
  // With a stack missing, the rules over all stacks would report false violations.
  const between: Violation[] = failed
    ? []
    : Object.entries(rules).flatMap(([policy, rule]) => rule(reports).map((message) => ({ policy, message })));
  if (!failed) lines.push(`both stacks: ${summary(between)}`, ...between.map(lineOf));
  const broken = between.length > 0 || all.some(({ violations }) => violations.length > 0);
  return { lines, exitCode: failed ? 2 : broken ? 1 : 0 };
}

function linesOf({ stack, resources, violations, failure }: StackReport): string[] {
  if (failure !== undefined) return [`${stack}: the preview failed: ${failure.reason}`];
  return [`${stack}: ${resources.length} resources, ${summary(violations)}`, ...violations.map(lineOf)];
}

function summary(violations: readonly Violation[]): string {
  if (violations.length === 0) return "every policy is kept";
  return violations.length === 1 ? "1 violation" : `${violations.length} violations`;
}

function lineOf({ policy, message, urn }: Violation): string {
  const resource = urn === undefined ? "" : ` [${urn.split("::").at(-1) ?? urn}]`;
  return `  - ${message}${resource} (${policy})`;
}
