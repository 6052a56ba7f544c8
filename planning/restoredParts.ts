import { z } from "zod";

/**
 * What became of a part beside the database. `whole`: all of it is there. `partly`, `missing`: some or all of it isn't. `held back`: an
 * older backup has it, and its use was not asked for. `unknown`: the backup is older than that question.
 */
const partSchema = z.object({
  state: z.enum(["whole", "partly", "missing", "held back", "unknown"]),
  /** The backups that it comes from, the newest first, and how many things of each. */
  from: z.array(z.object({ backupId: z.string(), snapshotAt: z.string(), count: z.number() })),
  /** How many things no proven backup holds as the restored rows name them. */
  missing: z.number(),
  /** How many things a backup holds and the project did not take. The same restore tries them again. */
  failed: z.number(),
  /** The first of both, in words. */
  names: z.array(z.string()),
});
/** See above. */
export type RestoredPart = z.infer<typeof partSchema>;

/** See {@link RestoredParts}. */
export const restoredPartsSchema = z.object({
  storage: partSchema,
  functions: partSchema,
  authSettings: partSchema,
  /** A restore brings none of it; it is what `castchat-recovery configuration` prints. */
  configuration: partSchema,
});
/** Where each part beside the database comes from, and what of it is missing. */
export type RestoredParts = z.infer<typeof restoredPartsSchema>;
