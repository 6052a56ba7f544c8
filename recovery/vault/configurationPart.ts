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

/** The variables of a project whose values neither its host shows nor an import has sealed. */
export interface UnsealedVariables {
  project: string;
  names: string[];
}

const withUnsealed = z.record(z.string(), z.unknown()).transform((parts) =>
  Object.entries(parts).flatMap(([part, content]): UnsealedVariables[] => {
    const names = z.object({ unsealed: z.array(z.string()).min(1) }).safeParse(content).data?.unsealed;
    return names === undefined ? [] : [{ project: part.replace(/^application /, ""), names }];
  }),
);

/** The variables whose values a configuration and the sealed variables lack. Empty if it says nothing. */
export function unsealedIn(configuration: unknown): UnsealedVariables[] {
  return withUnsealed.safeParse(configuration).data ?? [];
}
