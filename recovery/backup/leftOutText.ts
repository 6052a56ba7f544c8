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

/** Lists what a backup does not hold and why, a line for each reason. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return [];
  const byReason = Map.groupBy(leftOut, reasonOf);
  const lines = [...byReason].map(
    ([reason, all]) => `  ${all.map(({ what }) => shortened(what)).join(", ")}: ${reason}`,
  );
  return ["What it does not hold:", ...lines.map(visible)];
}

function inWords(one: LeftOut): string {
  return visible(`${shortened(one.what)}: ${reasonOf(one)}`);
}

function shortened(what: string): string {
  return what.length > SHOWN ? `${what.slice(0, SHOWN)} …)` : what;
}

function reasonOf({ why, neededBy = [] }: LeftOut): string {
  const rest = neededBy.length - DEPENDENTS;
  const more = rest > 0 ? [`${rest} more`] : [];
  const needed = neededBy.length === 0 ? "" : `. Needed by ${[...neededBy.slice(0, DEPENDENTS), ...more].join(", ")}`;
  return why.replace(/\.$/, "") + needed;
}
