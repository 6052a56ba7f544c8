import type { LeftOut } from "../postgres/catalog/leftOut.ts";

/** So much of a list of names is shown; the manifest has all of it. */
const SHOWN = 160;

/** What a backup lacks that could have been had, in one sentence; undefined where it lacks nothing of that kind. */
export function failureText(backupId: string, leftOut: readonly LeftOut[]): string | undefined {
  const failed = leftOut.filter((one) => one.failed === true);
  if (failed.length === 0) return undefined;
  return `Backup ${backupId} counts as proven, but lacks what it should hold: ${failed.map(inWords).join("; ")}. Mend that and take another one.`;
}

/** Each thing that a backup does not hold, and why, one a line. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return [];
  return ["What it does not hold:", ...leftOut.map((one) => `  ${inWords(one)}`)];
}

function inWords({ what, why }: LeftOut): string {
  return `${what.length > SHOWN ? `${what.slice(0, SHOWN)} …)` : what}: ${why.replace(/\.$/, "")}`;
}
