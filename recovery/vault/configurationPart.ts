import { z } from "zod";

/** A part of the configuration that should be in the backup but is missing. */
export interface MissingPart {
  part: string;
  reason: string;
}

const withMissing = z.object({ missing: z.array(z.object({ part: z.string(), reason: z.string() })) });

/** What a configuration says that it lacks. Empty if it says nothing. */
export function missingIn(configuration: unknown): MissingPart[] {
  const parsed = withMissing.safeParse(configuration);
  return parsed.success ? parsed.data.missing : [];
}
