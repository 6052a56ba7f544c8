import { z } from "zod";

import { TIER_PERIODS } from "../planning/tiers.ts";
import { ENDPOINT_KEYS, withEndpoints } from "./endpoints.ts";

const text = z.string().min(1);

/** The JSON in the program's form. */
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
        period: z.enum(TIER_PERIODS),
        lockDays: z.number().int().min(0),
      }),
    )
    .min(1),
  /** Tables (`schema.table`) that every proven backup must contain. */
  criticalTables: z.array(text),
  /** Percent by which a run may hold less than the last one. */
  shrinkPercent: z.number().min(0).max(100),
  /** age1…; without one, the vault's own encryption applies. */
  ageRecipients: z.array(text),
  vercelProjects: z.array(text),
  /** Names of the apps in the settings, by their Vercel projects. Absent for one app without a name. */
  appNames: z.record(text, text).optional(),
  vercelTeam: text.optional(),
  zoneName: text,
  /** Each as `owner/name`. */
  repositories: z.array(text),
  supabaseRef: text,
  /** The `file://` or `s3://` backend of this stack's Pulumi state, and the project's name there. Without it a run saves no state. */
  state: z.strictObject({ backend: text, project: text }).optional(),
  /** This repository as it was deployed: a commit, with `-dirty` if files differed from it, and the archive beside the runner's bundle. */
  source: z
    .strictObject({ commit: text, file: text.regex(/^[\w.-]+$/, "A file's name, without a folder.") })
    .optional(),
  /** Root certificates (PEM) by which the database's server is verified, or `system`. @default - Supabase's */
  rootCertificates: text.optional(),
  ...ENDPOINT_KEYS,
});

/**
 * What a scheduled run needs beside its secrets, as one JSON. The program declares it and the runner parses it, both by this schema. It is
 * a plain build variable, so it must not contain a secret.
 */
export const RUNNER_SETTINGS = DECLARED.transform(withEndpoints);
/** A run's settings, parsed. */
export type RunnerSettings = z.output<typeof RUNNER_SETTINGS>;
/** A run's settings in the form that the program declares and the stack outputs. */
export type DeclaredRunnerSettings = z.input<typeof RUNNER_SETTINGS>;

/** The environment variable with these settings as JSON. */
export const RUNNER_SETTINGS_VARIABLE = "RUNNER_SETTINGS";

/** The token of a run's secret that has none. Secrets Manager keeps no empty value, and a secret without a value would end every run. */
export const NO_TOKEN = "no-token-is-set";

/** The secret that every run needs. */
export const RUNNER_DATABASE_SECRET = "DATABASE_URL";

/**
 * The services' tokens, as environment variables of the runner, the command line and the provider. A run without a token reports the part
 * that it can't read as missing.
 */
export const RUNNER_TOKENS = [
  "VERCEL_API_TOKEN",
  "GITHUB_TOKEN",
  "CLOUDFLARE_API_TOKEN",
  "SUPABASE_ACCESS_TOKEN",
] as const;
export type RunnerToken = (typeof RUNNER_TOKENS)[number];

/** The services whose tokens a run has, by the names that `schedule rotate` and the secrets have for them. */
export const TOKEN_SERVICES = {
  vercel: "VERCEL_API_TOKEN",
  github: "GITHUB_TOKEN",
  cloudflare: "CLOUDFLARE_API_TOKEN",
  supabase: "SUPABASE_ACCESS_TOKEN",
} as const satisfies Readonly<Record<string, RunnerToken>>;
export type TokenService = keyof typeof TOKEN_SERVICES;

/** The service of a run's token. */
export function serviceOfToken(variable: RunnerToken): TokenService {
  const found = Object.entries(TOKEN_SERVICES).find(([, one]) => one === variable);
  return (found?.[0] ?? "") as TokenService;
}

/** The code host's token that writes the mirrors, whose owner another token may not reach. @default - the value of GITHUB_TOKEN */
export const MIRROR_TOKEN = "MIRROR_GITHUB_TOKEN";
/** The token of the mirrors on GitLab. */
export const GITLAB_MIRROR_TOKEN = "GITLAB_TOKEN";
/** The variables with tokens. */
export type TokenVariable = RunnerToken | typeof MIRROR_TOKEN | typeof GITLAB_MIRROR_TOKEN;

/** The tokens of a mirror build, by the names of their secrets: one that reads the sources, and one for the mirrors of each host. */
export const MIRROR_TOKENS = {
  github: "GITHUB_TOKEN",
  "mirror-github": MIRROR_TOKEN,
  gitlab: GITLAB_MIRROR_TOKEN,
} as const satisfies Readonly<Record<string, TokenVariable>>;
export type MirrorTokenVariable = (typeof MIRROR_TOKENS)[keyof typeof MIRROR_TOKENS];

/**
 * The variable that holds the scheduled runs' own token, for the first `pulumi up` and for `schedule rotate`. They never get the token with which
 * the stack is changed.
 */
export function ownTokenOfRuns(variable: TokenVariable): `RUNNER_${TokenVariable}` {
  return `RUNNER_${variable}`;
}
