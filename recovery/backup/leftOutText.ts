import { visible } from "../../services/common/visibleText.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";

/** Characters that are shown of a list of names. The manifest has all of it. */
const SHOWN = 160;
/** Dependents that are shown. */
const DEPENDENTS = 5;

/** Says in one sentence what a backup lacks because reading it failed. Undefined if nothing failed. */
export function failureText(backupId: string, leftOut: readonly LeftOut[]): string | undefined {
  const failed = leftOut.filter((one) => one.failed === true);
  if (failed.length === 0) return undefined;
  return `Backup ${backupId} counts as proven, but lacks what it should hold: ${failed.map(inWords).join("; ")}. Correct the cause, then run \`castchat-recovery backup\` again.`;
}

/** Lists what a backup does not hold and why, one thing a line. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return [];
  return ["What it does not hold:", ...leftOut.map((one) => `  ${inWords(one)}`)];
}

function inWords({ what, why, neededBy = [] }: LeftOut): string {
  const rest = neededBy.length - DEPENDENTS;
  const more = rest > 0 ? [`${rest} more`] : [];
  const needed = neededBy.length === 0 ? "" : `. Needed by ${[...neededBy.slice(0, DEPENDENTS), ...more].join(", ")}`;
  return visible(`${what.length > SHOWN ? `${what.slice(0, SHOWN)} …)` : what}: ${why.replace(/\.$/, "")}${needed}`);
}
