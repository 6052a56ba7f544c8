import { z } from "zod";

import { ENDPOINT_KEYS, withEndpoints } from "./endpoints.ts";

const text = z.string().min(1);

/** The JSON, as the program declares it. */
const DECLARED = z.strictObject({
  /** Name of the stack, for messages. */
  stack: text,
  region: text,
  vaultBucket: text,
  signingKeyArn: text,
  /** Public keys (PEM) of other writers whose backups in this vault count for the calendar. */
  trustedWriterKeys: z.array(text),
  /** Shortest period first. */
  tiers: z
    .array(
      z.strictObject({
        name: text,
        prefix: z.string().regex(/\/$/, "A tier's prefix ends with a slash."),
        period: z.enum(["run", "isoWeek", "month", "year"]),
        lockDays: z.number().int().min(0),
      }),
    )
    .min(1),
  /** Tables (`schema.table`) without which a run doesn't count as proven. */
  criticalTables: z.array(text),
  /** Percent that a run may hold less than the last one. */
  shrinkPercent: z.number().min(0).max(100),
  /** age1…; none, and the vault's own encryption is all. */
  ageRecipients: z.array(text),
  vercelProject: text,
  vercelTeam: text.optional(),
  zoneName: text,
  /** `owner/name`. */
  repository: text,
  supabaseRef: text,
  /** Where Pulumi keeps this stack's state: a `file://` or `s3://` backend, and the project's name there. Without it a run has no state. */
  state: z.strictObject({ backend: text, project: text }).optional(),
  ...ENDPOINT_KEYS,
});

/**
 * What a scheduled run is told beside its secrets, as one JSON. The program declares it, the runner checks it; both read this
 * one description. No secret belongs in here: it lies in the build's plain variables.
 */
export const RUNNER_SETTINGS = DECLARED.transform(withEndpoints);
/** A run's settings, checked. */
export type RunnerSettings = z.output<typeof RUNNER_SETTINGS>;
/** A run's settings as the program declares them and the stack puts them out. */
export type DeclaredRunnerSettings = z.input<typeof RUNNER_SETTINGS>;

/** The variable that holds them, as JSON. */
export const RUNNER_SETTINGS_VARIABLE = "RUNNER_SETTINGS";

/** The secret that no run can do without. */
export const RUNNER_DATABASE_SECRET = "DATABASE_URL";

/**
 * The services' tokens: variables of the environment, for the command line and the provider too. A run that lacks one names the part that
 * it can't read as missing.
 */
export const RUNNER_TOKENS = [
  "VERCEL_API_TOKEN",
  "GITHUB_TOKEN",
  "CLOUDFLARE_API_TOKEN",
  "SUPABASE_ACCESS_TOKEN",
] as const;
export type RunnerToken = (typeof RUNNER_TOKENS)[number];
