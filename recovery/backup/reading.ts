import type { BackupKind } from "../vault/backupKinds.ts";
import type { RunPlace } from "../vault/storePart.ts";
import type { SnapshotPlace } from "./snapshotReader.ts";

/** One reading of the database: its snapshot, and where it stores what it reads. */
export interface Reading extends SnapshotPlace, RunPlace {
  readonly kind: BackupKind;
}
