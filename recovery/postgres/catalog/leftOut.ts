import { z } from "zod";

/** Something that a backup does not hold, with the reason. */
export const leftOutSchema = z.object({
  what: z.string(),
  why: z.string(),
  /** It should be in the backup, but its service failed or it can't be written down. */
  failed: z.literal(true).optional(),
});
export type LeftOut = z.infer<typeof leftOutSchema>;
