import type { z } from "zod";

import { PromiseError } from "../../../services/common/errors.ts";

/**
 * Parses a text that a backup stores. `what` begins the error's sentence: "project.json is".
 *
 * @throws PromiseError, without quoting the text, if it is not of this format
 */
export function parseStored<T>(schema: z.ZodType<T>, text: string, what: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // The cause's message would quote what it could not read, which may be a secret.
    throw new PromiseError(`${what} not in a form that is understood`);
  }
}
