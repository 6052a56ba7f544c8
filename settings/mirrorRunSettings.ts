import { z } from "zod";

import { ENDPOINT_KEYS, withEndpoints } from "./endpoints.ts";
import { REPOSITORIES } from "./repositories.ts";

const text = z.string().min(1);

/** The JSON in the program's form. */
const DECLARED = z.strictObject({
  /** Name of the stack, for messages. */
  stack: text,
  region: text,
  /** What is deployed, as far as it names a repository: its branch counts as protected. */
  apps: z.array(z.strictObject({ repository: text, branch: text, mirror: text.optional() })),
  repositories: REPOSITORIES.optional(),
  ...ENDPOINT_KEYS,
});

/** What a mirror build needs beside its tokens, as one JSON. It is a plain build variable, so it must not contain a secret. */
export const MIRROR_RUN_SETTINGS = DECLARED.transform(withEndpoints);
/** The settings in the form that the program declares. */
export type DeclaredMirrorRunSettings = z.input<typeof MIRROR_RUN_SETTINGS>;

/** The environment variable with these settings. */
export const MIRROR_RUN_VARIABLE = "MIRROR_RUN_SETTINGS";
