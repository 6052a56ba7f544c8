import type { BackupKind } from "../vault/backupKinds.ts";
import type { RunPlace } from "../vault/storePart.ts";
import type { SnapshotPlace } from "./snapshotReader.ts";

/** One reading of the database: under which snapshot it reads what, and where it stores what it has read. */
export interface Reading extends SnapshotPlace, RunPlace {
  readonly kind: BackupKind;
}
