import { createPublicKey } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

import { nearest } from "./nearest.ts";
import { DEFAULT_RUNNER_IMAGE } from "./runnerImage.ts";
import { leastKeptDays, TIER_NAMES, tiersWith, TIERS, type Tier } from "../planning/tiers.ts";
import { faultsOfSettings } from "./settingsRules.ts";

/** An optional setting. Pulumi.yaml gives every setting a type, and "" stands there for one that isn't set. */
const optional = <T extends z.ZodType>(schema: T, expected: string) => schema.optional().describe(expected);
const matching = (pattern: RegExp) => z.string().regex(pattern);

const account = matching(/^\d{12}$/);
const region = matching(/^[a-z]{2}(-[a-z]+)+-\d$/);
const domain = matching(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/);
const githubName = matching(/^[A-Za-z0-9_.-]+$/);
const slug = matching(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const days = z.number().int().min(1);
const count = (lowest: number, highest: number) => z.coerce.number().int().min(lowest).max(highest);
const json = <T extends z.ZodType>(schema: T) => z.string().transform(parseJson).pipe(schema);

/** Plain http would show tokens and backups to the network, so it is for this machine alone. */
const endpoint = matching(/^(https:\/\/[^\s/]+|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)\/?$/).transform((url) =>
  url.replace(/\/$/, ""),
);
const ENDPOINT = "an https address without a path (plain http only on 127.0.0.1 or localhost)";
const REGION = "an AWS region such as ap-northeast-1";
const ACCOUNT = "an AWS account id of 12 digits";

/** Every setting: what it may be, and in words what would be right. Pulumi.yaml documents what each is for. */
export const SETTINGS = z.object({
  role: z.enum(["primary", "standby"]).describe('"primary" or "standby"'),
  mode: optional(z.enum(["standby", "active", "drill"]), '"standby", "active" or "drill"'),
  awsAccountId: account.describe(ACCOUNT),
  awsRegion: region.describe(REGION),
  peerAwsAccountId: account.describe(`${ACCOUNT}: the other stack's (or this one again)`),
  peerAwsRegion: region.describe(`${REGION}: the other stack's`),
  standbyVault: optional(z.literal("none"), '"none", or unset'),
  standbyVaultBucketArn: optional(matching(/^arn:aws:s3:::[a-z0-9.-]{3,63}$/), "the ARN of an S3 bucket"),
  standbyVaultKeyArn: optional(
    matching(/^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/),
    "the ARN of a KMS key (not of an alias)",
  ),
  trustedWriterKeys: json(z.array(z.string().refine(isP256PublicKey)))
    .default([])
    .describe("a list of P-256 public keys in PEM, as the other stack's output signingPublicKey shows them"),
  publicName: domain.describe("a host name such as app.example.com"),
  zoneName: domain.describe("a DNS zone such as example.com"),
  cloudflareAccountId: slug.describe("the id of a Cloudflare account"),
  supabaseOrganization: slug.describe("the slug of a Supabase organization"),
  supabaseRegion: region.describe("a region of Supabase such as ap-northeast-1"),
  vercelTeam: optional(matching(/^[A-Za-z0-9_-]+$/), "the id or slug of a Vercel team"),
  vercelProject: matching(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/).describe(
    "the name of a Vercel project, in small letters",
  ),
  peerVercelProject: optional(
    matching(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/),
    "the name of the other stack's Vercel project, in small letters",
  ),
  repository: matching(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/).describe("a GitHub repository as owner/name"),
  branch: z.string().min(1).default("main").describe("the name of a branch"),
  mirrorOwner: optional(githubName, "a GitHub owner"),
  mirrorRepository: optional(githubName, "the name of a GitHub repository, without its owner"),
  protect: flag.default(true).describe("true or false"),
  disposableVault: flag.default(false).describe("true or false"),
  backup: optional(matching(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/), "a backup's id such as 20260701T020000Z-1a2b3c"),
  at: optional(z.iso.datetime(), "a time in UTC such as 2026-07-01T02:00:00Z"),
  olderAuthSettings: flag.default(false).describe("true or false"),
  generation: count(1, 1_000_000).default(1).describe("a whole number from 1"),
  intervalHours: count(1, 23)
    .default(6)
    .describe("a whole number of hours from 1 to 23 (a run a day can't promise to lose at most 24 hours)"),
  runnerImage: matching(/^[a-z0-9][a-z0-9._:/-]*(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$/)
    .default(DEFAULT_RUNNER_IMAGE)
    .describe("a container image with its tag or, better, its digest (name@sha256:…), and not the tag latest"),
  tierOverrides: json(z.partialRecord(z.enum(TIER_NAMES), days))
    .default({})
    .describe(
      `days kept by tier, each no shorter than asked for: ${TIERS.map((tier) => `${tier.name} ${leastKeptDays(tier)}`).join(", ")}`,
    ),
  deployerArns: json(z.array(matching(/^arn:aws[a-z-]*:iam::\d{12}:(root|role\/[^\s]+|user\/[^\s]+)$/)))
    .default([])
    .describe("a list of ARNs of IAM roles or users, with * where a part varies"),
  ageRecipients: json(z.array(matching(/^age1[a-z0-9]+$/)))
    .default([])
    .describe("a list of age recipients, age1… as age-keygen prints them"),
  criticalTables: json(z.array(matching(/^[^\s.]+\.[^\s.]+$/)))
    .default(["public.users", "public.posts", "public.applications"])
    .describe("a list of tables as schema.table"),
  shrinkPercent: count(1, 100).default(20).describe("a whole number of percent from 1 to 100"),
  endpointAws: optional(endpoint, ENDPOINT),
  endpointVercel: optional(endpoint, ENDPOINT),
  endpointGithub: optional(endpoint, ENDPOINT),
  endpointCloudflare: optional(endpoint, ENDPOINT),
  endpointSupabase: optional(endpoint, ENDPOINT),
  endpointEdge: optional(endpoint, ENDPOINT),
  supabaseProjectUrl: optional(matching(/^https?:\/\/\S*\{ref\}\S*$/), "an address with {ref} in it"),
});

/** All values as they are written, before the rules that hold between them. */
export type SettingValues = z.output<typeof SETTINGS>;

/** The settings of a stack, parsed and checked. */
export interface CommonSettings extends Omit<SettingValues, "role" | "mode" | "tierOverrides" | "deployerArns"> {
  /** Name of the Pulumi project. */
  readonly project: string;
  /** Name of the stack. */
  readonly stack: string;
  /** Who may change the vault's protection; unset for the account's own administrators. */
  readonly deployerArns: readonly string[] | undefined;
  /** The tiers with this stack's overrides in them. */
  readonly tiers: readonly Tier[];
}
export interface PrimarySettings extends CommonSettings {
  readonly role: "primary";
}
export interface StandbySettings extends CommonSettings {
  readonly role: "standby";
  /** Kept ready, recovering for real, or recovering into throwaway resources. */
  readonly mode: "standby" | "active" | "drill";
  readonly mirrorOwner: string;
  readonly mirrorRepository: string;
}
export type Settings = PrimarySettings | StandbySettings;

/** Where settings come from: raw values by key, without the namespace. */
export type RawSettings = Readonly<Record<string, string | undefined>>;

const PROJECT = "castchat-recovery";

/**
 * Parses and checks the settings of a stack. Pure.
 *
 * @throws {pulumi.RunError} naming every fault at once: the config key, the bad value, and what would be right.
 */
export function parseSettings(raw: RawSettings, stack: string, project: string = PROJECT): Settings {
  const values: Partial<SettingValues> = {};
  const faults: string[] = [];
  const broken = new Set<string>();
  for (const [key, schema] of Object.entries(SETTINGS.shape)) {
    const text = raw[key] === "" ? undefined : raw[key];
    const parsed = schema.safeParse(text);
    if (parsed.success) Object.assign(values, { [key]: parsed.data });
    else {
      broken.add(key);
      faults.push(`${project}:${key} ${shown(text)}; it must be ${schema.description ?? "something else"}.`);
    }
  }
  for (const key of Object.keys(raw).filter((key) => !(key in SETTINGS.shape))) {
    faults.push(`${project}:${key} is no setting; ${guess(key)}`);
  }
  const between = faultsOfSettings(values).filter((fault) => !fault.keys.some((key) => broken.has(key)));
  faults.push(...between.map(({ keys, sentence }) => `${project}:${keys[0]} ${sentence}`));
  if (faults.length > 0) throw new pulumi.RunError(refusal(stack, faults));
  return settingsFrom(SETTINGS.parse(withoutEmpty(raw)), stack, project);
}

/**
 * Reads the settings of the running stack from its Pulumi configuration.
 *
 * @throws {pulumi.RunError} see {@link parseSettings}
 */
export function loadSettings(): Settings {
  const project = pulumi.getProject();
  const namespace = `${project}:`;
  const raw = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(namespace))
    .map(([key, value]) => [key.slice(namespace.length), value] as const);
  return parseSettings(Object.fromEntries(raw), pulumi.getStack(), project);
}

function settingsFrom(values: SettingValues, stack: string, project: string): Settings {
  const { role, mode = "standby", tierOverrides, deployerArns: named, ...rest } = values;
  const deployerArns = named.length > 0 ? named : undefined;
  const common = { ...rest, project, stack, deployerArns, tiers: tiersWith(tierOverrides, TIERS) };
  if (role === "primary") return { ...common, role };
  const { mirrorOwner = "", mirrorRepository = "" } = common;
  return { ...common, role, mode, mirrorOwner, mirrorRepository };
}

function refusal(stack: string, faults: readonly string[]): string {
  const count = faults.length === 1 ? "A setting" : `${faults.length} settings`;
  const verb = faults.length === 1 ? "is" : "are";
  return [
    `${count} of stack "${stack}" ${verb} wrong:`,
    ...faults.map((fault) => `  - ${fault}`),
    `Change it in Pulumi.${stack}.yaml or with \`pulumi config set KEY VALUE --stack ${stack}\`.`,
  ].join("\n");
}

function guess(key: string): string {
  const keys = Object.keys(SETTINGS.shape);
  const meant = nearest(key, keys);
  return meant === undefined ? `there are ${keys.join(", ")}.` : `did you mean ${meant}?`;
}

function shown(text: string | undefined): string {
  if (text === undefined) return "is not set";
  return `is ${JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)}`;
}

function withoutEmpty(raw: RawSettings): RawSettings {
  return Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== ""));
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: String(error) });
    return z.NEVER;
  }
}

function isP256PublicKey(pem: string): boolean {
  if (!pem.includes("BEGIN PUBLIC KEY")) return false;
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}
