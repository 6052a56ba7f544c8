import { z } from "zod";

/** What a backup does not carry, with its reason. */
export const leftOutSchema = z.object({
  what: z.string(),
  why: z.string(),
  /** It could have been had: its service refused it or gave no answer. */
  failed: z.literal(true).optional(),
});
export type LeftOut = z.infer<typeof leftOutSchema>;
