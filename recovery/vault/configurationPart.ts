import { z } from "zod";

/** A part of the configuration that should be in the backup and isn't. */
export interface MissingPart {
  part: string;
  reason: string;
}

const withMissing = z.object({ missing: z.array(z.object({ part: z.string(), reason: z.string() })) });

/** What a configuration says that it lacks; nothing where it says nothing of it. */
export function missingIn(configuration: unknown): MissingPart[] {
  const parsed = withMissing.safeParse(configuration);
  return parsed.success ? parsed.data.missing : [];
}
