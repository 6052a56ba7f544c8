import type { RestoredParts } from "../../planning/restoredParts.ts";
import { hasLosses } from "../project/restoredParts.ts";
import type { RestoreMarker } from "../restore/run/restoreMarker.ts";
import { KINDS } from "../vault/backupKinds.ts";
import {
  lackingNames,
  newestWhole,
  OUTSIDE_PARTS,
  type OutsidePart,
  type Wholeness,
  wholenessOf,
} from "../vault/completeness.ts";
import type { Manifest } from "../vault/manifest.ts";

/** A part outside the database in the backup that is compared with, and the older backup that has all of it if this one does not. */
export interface AssessedPart {
  part: OutsidePart;
  state: Wholeness;
  /** Names of what the backup lacks; "*" if they are unknown. */
  lacking: string[];
  /** Absent if nothing is lacking, or no older proven backup has all of it. */
  wholeIn?: { backupId: string; snapshotAt: string };
}

/** What the last restore into the live database brought of the parts outside it, as its marker records it. */
export interface AssessedRestore {
  restoreId: string;
  backupId: string;
  parts: RestoredParts;
  /** Whether storage objects or functions have been missing since. */
  hasLosses: boolean;
}

/** What a backup has of each part, according to its manifest and those of older proven backups, newest first. */
export function assessParts(manifest: Manifest, older: readonly { manifest: Manifest }[]): AssessedPart[] {
  if (!KINDS[manifest.kind].project) return [];
  return OUTSIDE_PARTS.map((part) => {
    const state = wholenessOf(manifest, part);
    const holder = state === "lacking" ? newestWhole(older, part)?.manifest : undefined;
    const { backupId, snapshotAt } = holder ?? {};
    return {
      part,
      state,
      lacking: lackingNames(manifest, part),
      ...(backupId !== undefined && snapshotAt !== undefined && { wholeIn: { backupId, snapshotAt } }),
    };
  });
}

/** What a restore has recorded of the parts. Undefined if there was no restore, or it did not restore them. */
export function assessRestore(marker: RestoreMarker | undefined): AssessedRestore | undefined {
  const { restoreId, backupId, parts } = marker?.result ?? {};
  if (restoreId === undefined || backupId === undefined || parts === undefined) return undefined;
  return { restoreId, backupId, parts, hasLosses: hasLosses(parts) };
}
