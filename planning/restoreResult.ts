import { z } from "zod";

import { restoredPartsSchema } from "./restoredParts.ts";

/**
 * What a finished restore has brought back and checked. One list for all that carry it: the marker in the restored database, the
 * resource's state, the component's outputs and the stack's. A field that is added here must be optional or have a default: markers
 * and states of earlier versions have none.
 */
export const RESTORE_RESULT = z.object({
  restoreId: z.string(),
  backupId: z.string(),
  /** When the restored snapshot was taken, ISO 8601. */
  snapshotAt: z.string(),
  /** One phase each and how long it took, in milliseconds. */
  phases: z.array(z.object({ name: z.string(), durationMs: z.number() })),
  durationMs: z.number(),
  tables: z.number(),
  rows: z.number(),
  /** Counted in the restored database. */
  users: z.number(),
  posts: z.number(),
  applications: z.number(),
  /** What the operator has to know or do, in sentences: newer backups that were not taken, what is held back, what is missing. */
  notes: z.array(z.string()).default([]),
  /** What was brought back beside the database; absent where nothing was. */
  project: z.object({ storageObjects: z.number(), functions: z.number(), authSettings: z.number() }).optional(),
  /** Where each part beside the database comes from, and what of it is missing; absent where none was looked for. */
  parts: restoredPartsSchema.optional(),
  /** Absent where all of the backup was restored. */
  selection: z.enum(["definitions", "rows"]).optional(),
});

/** See {@link RESTORE_RESULT}. */
export type RestoreResult = z.infer<typeof RESTORE_RESULT>;

/** The names of its fields. */
export const RESTORE_RESULT_KEYS = Object.keys(RESTORE_RESULT.shape) as (keyof RestoreResult)[];
