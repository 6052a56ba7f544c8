import type { RestoredParts } from "../../planning/restoredParts.ts";
import { hasLosses } from "../project/restoredParts.ts";
import type { RestoreMarker } from "../restore/run/restoreMarker.ts";
import { KINDS } from "../vault/backupKinds.ts";
import {
  lackingNames,
  newestWhole,
  type PartBeside,
  PARTS_BESIDE,
  type Wholeness,
  wholenessOf,
} from "../vault/completeness.ts";
import type { Manifest } from "../vault/manifest.ts";

/** A part beside the database in the backup that is compared with, and the older backup that has all of it where this one lacks some. */
export interface AssessedPart {
  part: PartBeside;
  state: Wholeness;
  /** Names of what the backup lacks; "*" where they are not known. */
  lacking: string[];
  /** Absent where nothing is lacking, and where no older proven backup has it whole. */
  wholeIn?: { backupId: string; snapshotAt: string };
}

/** What the last restore into the live database brought beside it, as it has noted it there. */
export interface AssessedRestore {
  restoreId: string;
  backupId: string;
  parts: RestoredParts;
  /** Whether storage objects or functions are not there since. */
  hasLosses: boolean;
}

/** What a backup holds of each part, by the manifests of itself and of older proven ones, the newest first. */
export function assessParts(manifest: Manifest, older: readonly { manifest: Manifest }[]): AssessedPart[] {
  if (!KINDS[manifest.kind].project) return [];
  return PARTS_BESIDE.map((part) => {
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

/** What a restore has noted of the parts; undefined where there was none, or none that looked for them. */
export function assessRestore(marker: RestoreMarker | undefined): AssessedRestore | undefined {
  const { restoreId, backupId, parts } = marker?.result ?? {};
  if (restoreId === undefined || backupId === undefined || parts === undefined) return undefined;
  return { restoreId, backupId, parts, hasLosses: hasLosses(parts) };
}
