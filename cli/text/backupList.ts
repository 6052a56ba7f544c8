import { plainTable } from "../terminal/table.ts";
import { backupState, type VerifiedFacts } from "./backupState.ts";

/** A backup as `list` shows it. */
export interface ListedBackup extends VerifiedFacts {
  backupId: string;
  tier: string;
  kind: string | undefined;
  purpose?: string;
  snapshotAt: string | undefined;
  sizeBytes: number;
  proven: boolean;
  problems: readonly string[];
  /** The number of parts that services did not deliver. */
  lacks: number;
  walkedPast?: readonly string[];
  datedAhead?: boolean;
}

/** The table of backups. */
export function backupTable(backups: readonly ListedBackup[]): string {
  const table = plainTable(["backup", "kind", "tier", "snapshot (UTC)", "MB", "state"]);
  for (const one of backups) {
    const kind = one.purpose === undefined ? (one.kind ?? "–") : `${one.kind ?? ""}, before a replacement`;
    const size = (one.sizeBytes / 1e6).toFixed(1);
    table.push([one.backupId, kind, one.tier, one.snapshotAt ?? "–", size, backupState(one)]);
  }
  return table.toString();
}
