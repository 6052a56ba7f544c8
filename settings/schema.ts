import { createPublicKey } from "node:crypto";

import { z } from "zod";

import { RUNNER_SIZES } from "../planning/runnerMachine.ts";
import { LONGEST_INTERVAL_HOURS } from "../planning/schedule.ts";
import { leastKeptDays, TIER_NAMES, TIERS } from "../planning/tiers.ts";
import { isAgeRecipient } from "./ageRecipient.ts";
import { APPS, DATABASE_STATES, DOMAIN, STATES } from "./apps.ts";
import { DNS_RECORDS } from "./dnsRecords.ts";
import { ENDPOINT_KEYS } from "./endpoints.ts";
import { REPOSITORIES } from "./repositories.ts";
import { DEFAULT_RUNNER_IMAGE } from "./runnerImage.ts";

/** An optional setting. Pulumi.yaml gives every setting a type, and uses "" for a setting that isn't set. */
const optional = <T extends z.ZodType>(schema: T, expected: string) => schema.optional().describe(expected);
const matching = (pattern: RegExp) => z.string().regex(pattern);
const account = matching(/^\d{12}$/);
const region = matching(/^[a-z]{2}(-[a-z]+)+-\d$/);
const domain = matching(DOMAIN);
const slug = matching(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const oneOf = (states: readonly string[]) => states.map((one) => `"${one}"`).join(" or ");
const DATABASE_URL = "a PostgreSQL address, postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with its password";
const databaseUrl = z.string().refine(isDatabaseUrl);
/** A token goes into a header of HTTP, which takes visible ASCII only. */
const token = matching(/^[\x21-\x7e]+$/);
const team = matching(/^[A-Za-z0-9_-]+$/);
const TEAM = "the id or slug of a Vercel team";
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const days = z.number().int().min(1);
const count = (lowest: number, highest: number) => z.coerce.number().int().min(lowest).max(highest);
const json = <T extends z.ZodType>(schema: T) => z.string().transform(parseJson).pipe(schema);
const REGION = "an AWS region such as ap-northeast-1";
const ACCOUNT = "an AWS account id of 12 digits";

/** Every setting: its type, and a description of a right value. Pulumi.yaml documents what each is for. */
export const SETTINGS = z.object({
  role: z.enum(["primary", "standby"]).describe('"primary" or "standby"'),
  mode: optional(z.enum(["standby", "active", "drill"]), '"standby", "active" or "drill"'),
  awsAccountId: account.describe(ACCOUNT),
  awsRegion: region.describe(REGION),
  peerAwsAccountId: account.describe(`${ACCOUNT}: the other stack's, which may be the same account`),
  peerAwsRegion: region.describe(`${REGION}: the other stack's`),
  standbyVault: optional(z.literal("none"), '"none", or unset'),
  standbyVaultBucketArn: optional(matching(/^arn:aws:s3:::[a-z0-9.-]{3,63}$/), "the ARN of an S3 bucket"),
  standbyVaultKeyArn: optional(
    matching(/^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/),
    "the ARN of a KMS key (not of an alias)",
  ),
  trustedWriterKeys: json(z.array(z.string().refine(isP256PublicKey)))
    .default([])
    .describe(
      "a list of P-256 public keys in PEM, as the other stack's output signingPublicKey shows them once that stack is up",
    ),
  apps: json(APPS).describe("a list of apps (Pulumi.prod.yaml shows one)"),
  repositories: json(REPOSITORIES)
    .default([])
    .describe("a list of repositories, each with repository, mirror and gitlabMirror"),
  database: z.enum(DATABASE_STATES).default("existing").describe(oneOf(DATABASE_STATES)),
  supabaseRef: optional(matching(/^[a-z]{20}$/), "the reference of a Supabase project, 20 small letters"),
  databaseUrl: optional(databaseUrl, DATABASE_URL),
  peerSupabaseRef: optional(matching(/^[a-z]{20}$/), "the reference of a Supabase project, 20 small letters"),
  peerDatabaseUrl: optional(databaseUrl, DATABASE_URL),
  peerVercelTeam: optional(team, TEAM),
  peerVercelToken: optional(token, "a token of Vercel"),
  dnsToken: optional(token, "a token of Cloudflare"),
  takeover: json(z.array(domain)).default([]).describe("a list of host names"),
  dns: z.enum(STATES).default("existing").describe(oneOf(STATES)),
  dnsRecords: optional(
    json(DNS_RECORDS),
    "the list of records that `castchat-recovery adopt` writes, each with id, name, type and ttl",
  ),
  zoneName: domain.describe("a DNS zone such as example.com"),
  cloudflareAccountId: optional(matching(/^[0-9a-f]{32}$/), "the id of a Cloudflare account, 32 hexadecimal digits"),
  supabaseOrganization: optional(slug, "the slug of a Supabase organization"),
  supabaseRegion: optional(region, "a region of Supabase such as ap-northeast-1"),
  vercelTeam: optional(team, TEAM),
  protect: flag.default(true).describe("true or false"),
  disposableVault: flag.default(false).describe("true or false"),
  backup: optional(matching(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/), "a backup's id such as 20260701T020000Z-1a2b3c"),
  at: optional(z.iso.datetime(), "a time in UTC such as 2026-07-01T02:00:00Z"),
  olderAuthSettings: flag.default(false).describe("true or false"),
  withoutVariables: flag.default(false).describe("true or false"),
  generation: count(1, 1000000).default(1).describe("a whole number from 1"),
  intervalHours: count(1, 23)
    .default(6)
    .describe(
      `a whole number of hours from 1 to ${LONGEST_INTERVAL_HOURS} (above that, more than 24 hours of data could be lost)`,
    ),
  mirrorIntervalHours: count(0, 12)
    .default(0)
    .transform((hours) => (hours === 0 ? undefined : hours))
    .describe("a whole number of hours from 1 to 12, or 0 for no builds"),
  runnerImage: matching(/^[a-z0-9][a-z0-9._:/-]*(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$/)
    .default(DEFAULT_RUNNER_IMAGE)
    .describe("a container image with a tag or, better, a digest (name@sha256:…), but not the tag latest"),
  runnerCompute: z
    .enum(RUNNER_SIZES)
    .default("small")
    .describe(RUNNER_SIZES.map((size) => `"${size}"`).join(", ")),
  tierOverrides: json(z.partialRecord(z.enum(TIER_NAMES), days))
    .default({})
    .describe(
      `days kept by tier, each at least the minimum: ${TIERS.map((tier) => `${tier.name} ${leastKeptDays(tier)}`).join(", ")}`,
    ),
  deployerArns: json(z.array(matching(/^arn:aws[a-z-]*:iam::\d{12}:(root|role\/[^\s]+|user\/[^\s]+)$/)))
    .default([])
    .describe("a list of ARNs of IAM roles or users, with * where a part varies"),
  ageRecipients: json(z.array(z.string().refine(isAgeRecipient)))
    .default([])
    .describe("a list of age recipients, whole as age-keygen prints them (age1…)"),
  criticalTables: json(z.array(matching(/^[^\s.]+\.[^\s.]+$/)))
    .default(["public.users", "public.posts", "public.applications"])
    .describe("a list of tables as schema.table"),
  shrinkPercent: count(1, 100).default(20).describe("a whole number of percent from 1 to 100"),
  ...ENDPOINT_KEYS,
});

/** A setting that Pulumi encrypts in a stack's file. */
export interface SecretSetting {
  /** Stands for the value where only its presence counts, or in a preview that has no key to decrypt it. */
  readonly standIn: string;
  /** What to do if the value has been seen, as a command to a person. */
  readonly renewal: string;
}

const DATABASE_SECRET: SecretSetting = {
  standIn: "postgresql://postgres:preview@127.0.0.1:1/postgres",
  renewal: "change the database's password",
};

/** The settings that Pulumi encrypts in a stack's file. No message shows their value. */
export const SECRET_SETTINGS: ReadonlyMap<string, SecretSetting> = new Map([
  ["databaseUrl", DATABASE_SECRET],
  ["peerDatabaseUrl", DATABASE_SECRET],
  [
    "peerVercelToken",
    { standIn: "preview-preview-preview-1", renewal: "make a new token in Vercel and delete this one" },
  ],
  ["dnsToken", { standIn: "preview-preview-preview-preview-preview1", renewal: "roll the token in Cloudflare" }],
]);

/** All values before the rules between settings are checked. */
export type SettingValues = z.output<typeof SETTINGS>;
function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: String(error) });
    return z.NEVER;
  }
}

function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, password } = new URL(text);
  return ["postgresql:", "postgres:"].includes(protocol) && hostname !== "" && password !== "";
}

function isP256PublicKey(pem: string): boolean {
  if (!pem.includes("BEGIN PUBLIC KEY")) return false;
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}
