import { z } from "zod";

/** What a backup does not carry, with its reason. */
export const leftOutSchema = z.object({
  what: z.string(),
  why: z.string(),
  /** It should be there: its service refused it or gave no answer, or it can't be written down as it is. */
  failed: z.literal(true).optional(),
});
export type LeftOut = z.infer<typeof leftOutSchema>;
