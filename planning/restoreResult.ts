import { z } from "zod";

import { restoredPartsSchema } from "./restoredParts.ts";

/** A field that may be absent. A resource's state has null for it, since an output that is left out is unknown in every preview. */
const absent = <T extends z.ZodType>(field: T) =>
  z.preprocess((value) => value ?? undefined, field.optional()).optional();

/**
 * What a finished restore brought back and checked. The marker in the restored database, the resource's state, the component's outputs and
 * the stack's outputs all have these fields. A new field must be optional or have a default, because markers and states of earlier versions
 * lack it.
 */
export const RESTORE_RESULT = z.object({
  restoreId: z.string(),
  backupId: z.string(),
  /** When the restored snapshot was taken, ISO 8601. */
  snapshotAt: z.string(),
  /** Each phase and its duration in milliseconds. */
  phases: z.array(z.object({ name: z.string(), durationMs: z.number() })),
  durationMs: z.number(),
  tables: z.number(),
  rows: z.number(),
  /** Counted in the restored database. */
  users: z.number(),
  posts: z.number(),
  applications: z.number(),
  /** What the operator has to know or do, in sentences: newer backups that were passed over, what is held back, what is missing. */
  notes: z.array(z.string()).default([]),
  /** Content of the backup that the database did not take, in sentences. They are among the notes too. */
  lost: z.array(z.string()).default([]),
  /** The restored parts of the project outside the database; absent when there are none. */
  project: absent(z.object({ storageObjects: z.number(), functions: z.number(), authSettings: z.number() })),
  /** The source of each part outside the database, and what is missing; absent when no such part was looked for. */
  parts: absent(restoredPartsSchema),
  /** Absent when the whole backup was restored. */
  selection: absent(z.enum(["definitions", "rows"])),
});

/** See {@link RESTORE_RESULT}. */
export type RestoreResult = z.infer<typeof RESTORE_RESULT>;

/** The names of its fields. */
export const RESTORE_RESULT_KEYS = Object.keys(RESTORE_RESULT.shape) as (keyof RestoreResult)[];
