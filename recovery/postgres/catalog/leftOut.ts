import { z } from "zod";

/** Something that a backup does not hold, with the reason. */
export const leftOutSchema = z.object({
  what: z.string(),
  why: z.string(),
  /** It should be in the backup, but its service failed or it can't be written down. */
  failed: z.literal(true).optional(),
  /**
   * Objects in the backup that need it, directly or through others, as pg_identify_object names them ("policy own on public.posts"). They
   * cannot be restored into a database that lacks it. Absent if there are none, and in older backups.
   */
  neededBy: z.array(z.string()).optional(),
});
export type LeftOut = z.infer<typeof leftOutSchema>;
