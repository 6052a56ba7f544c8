import { z } from "zod";

/**
 * The state of a part outside the database. `whole`: everything is there. `partly`, `missing`: some or all of it is missing. `held back`:
 * an older backup has it, and the operator did not ask to use that. `unknown`: the backup's version did not record it.
 */
const partSchema = z.object({
  state: z.enum(["whole", "partly", "missing", "held back", "unknown"]),
  /** The backups that the part comes from, newest first, and how many items came from each. */
  from: z.array(z.object({ backupId: z.string(), snapshotAt: z.string(), count: z.number() })),
  /** How many items no proven backup holds as the restored rows name them. */
  missing: z.number(),
  /** How many items the project did not accept. Running the same restore again retries them. */
  failed: z.number(),
  /** The names of the first missing or failed items. */
  names: z.array(z.string()),
});
/** See {@link RestoredParts}. */
export type RestoredPart = z.infer<typeof partSchema>;

/** See {@link RestoredParts}. */
export const restoredPartsSchema = z.object({
  storage: partSchema,
  functions: partSchema,
  authSettings: partSchema,
  /** Never restored; `castchat-recovery configuration` prints it. */
  configuration: partSchema,
});
/** The source of each part outside the database, and what of it is missing. */
export type RestoredParts = z.infer<typeof restoredPartsSchema>;
