import { z } from "zod";

/** A text of a form, and what it must be. */
export function text(pattern: RegExp, error: string): z.ZodString {
  return z.string({ error }).regex(pattern, { error });
}
