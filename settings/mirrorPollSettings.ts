import { z } from "zod";

import { ENDPOINT_KEYS, withEndpoints } from "./endpoints.ts";

const text = z.string().min(1);

/** What the function that polls the mirrors needs beside its secrets, as one JSON. It is a plain variable, so it must not contain a secret. */
export const MIRROR_POLL_SETTINGS = z
  .strictObject({
    /** Name of the stack, for messages and metrics. */
    stack: text,
    region: text,
    /** The CodeBuild project that mirrors. */
    project: text,
    /** Minutes between two polls. */
    intervalMinutes: z.number().int().min(1),
    /** Owner of the mirrors on GitHub. */
    mirrorOwner: text.optional(),
    /** Names of the secrets in Secrets Manager, by the variable of the token in each. */
    secrets: z.record(z.string(), text),
    repositories: z
      .array(z.strictObject({ repository: text, source: z.url(), mirrors: z.array(z.url()).min(1) }))
      .min(1),
    ...ENDPOINT_KEYS,
  })
  .transform(withEndpoints);

/** The environment variable with these settings. */
export const MIRROR_POLL_VARIABLE = "MIRROR_POLL_SETTINGS";
