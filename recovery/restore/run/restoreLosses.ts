import type { RestoreResult } from "../../../planning/restoreResult.ts";
import { amount } from "../../../services/common/amount.ts";
import { lossesIn } from "../../project/restoredParts.ts";

/** What of its backup a finished restore did not bring, in one sentence. Undefined if it has brought all. */
export function lossText({
  backupId,
  parts,
  lost,
}: Pick<RestoreResult, "backupId" | "parts" | "lost">): string | undefined {
  const losses = [
    ...(lost.length === 0 ? [] : [`${amount(lost.length, "thing")} that the database did not take`]),
    ...(parts === undefined ? [] : lossesIn(parts)),
  ];
  if (losses.length === 0) return undefined;
  return `The database of ${backupId} is restored, but not all of the backup is there: ${losses.join(", ")}. The notes list each, with the reason.`;
}
