import { parse } from "yaml";
import { z } from "zod";

const text = z.string().min(1);

/** The order for a build, from lab/sandbox/aws/scheduled_builds.py. It includes the session of the build's role. */
export const BUILD_ORDER = z.object({
  /** `PROJECT:UUID`. */
  id: text,
  region: text,
  /** Address of AWS in that region. */
  endpoint: z.url(),
  project: z.object({
    name: text,
    source: z.object({ location: z.string().regex(/^[^/]+\/.+\/$/), buildspec: text }),
    environment: z.object({
      environmentVariables: z
        .array(z.object({ name: text, type: z.enum(["PLAINTEXT", "SECRETS_MANAGER"]).optional(), value: z.string() }))
        .default([]),
    }),
  }),
  logs: z.object({ groupName: text, streamName: text }),
  credentials: z.object({ accessKeyId: text, secretAccessKey: text, sessionToken: text }),
});
export type BuildOrder = z.output<typeof BUILD_ORDER>;

/** The phases whose commands a buildspec contains, in order. */
export const COMMAND_PHASES = ["install", "pre_build", "build", "post_build"] as const;

const phase = z.strictObject({ commands: z.array(text).min(1) }).optional();
const BUILDSPEC = z.strictObject({
  version: z.literal(0.2),
  phases: z.strictObject({ install: phase, pre_build: phase, build: phase, post_build: phase }),
});
export type Buildspec = z.output<typeof BUILDSPEC>;

/** Parses a buildspec (YAML, or JSON as a part of it). A part that the sandbox doesn't run is refused by name. */
export function parseBuildspec(buildspec: string): Buildspec {
  return BUILDSPEC.parse(parse(buildspec));
}
