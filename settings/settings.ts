import type { z } from "zod";

import { nearest } from "../planning/nearest.ts";
import { type Tier, TIERS, tiersWith } from "../planning/tiers.ts";
import { type Endpoints, type FlatEndpoints, withEndpoints } from "./endpoints.ts";
import { formerSetting } from "./formerSettings.ts";
import { mirrorOwnerOf } from "./repositories.ts";
import { SECRET_SETTINGS, SETTINGS, type SettingValues } from "./schema.ts";
import { faultsOfSettings } from "./settingsRules.ts";

/** The settings of a stack, parsed and checked. */
export interface CommonSettings extends Omit<
  SettingValues,
  "role" | "mode" | "tierOverrides" | "deployerArns" | keyof FlatEndpoints
> {
  /** Name of the Pulumi project. */
  readonly project: string;
  /** Name of the stack. */
  readonly stack: string;
  readonly endpoints: Endpoints;
  /** The principals that may change the vault's protection; unset for the account's own administrators. */
  readonly deployerArns: readonly string[] | undefined;
  /** The tiers with this stack's overrides applied. */
  readonly tiers: readonly Tier[];
  /** Owner of all mirrors on GitHub; undefined without any. */
  readonly mirrorOwner: string | undefined;
}
export interface PrimarySettings extends CommonSettings {
  readonly role: "primary";
}
export interface StandbySettings extends CommonSettings {
  readonly role: "standby";
  /** Kept ready, recovering for real, or recovering into throwaway resources. */
  readonly mode: "standby" | "active" | "drill";
  readonly supabaseOrganization: string;
  readonly supabaseRegion: string;
}
export type Settings = PrimarySettings | StandbySettings;

/** Raw settings by key, without the namespace. */
export type RawSettings = Readonly<Record<string, string | undefined>>;

const PROJECT = "castchat-recovery";

/** Where settings come from. */
export interface Origin {
  /** Name of the Pulumi project. @default "castchat-recovery" */
  readonly project?: string;
  /** Secret settings that the stack's file holds in clear. @default - none */
  readonly plain?: readonly string[];
}

/** Settings that are wrong: every fault, with its key, the bad value, and what would be right. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/**
 * Parses and checks the settings of a stack. Pure.
 *
 * @throws SettingsError that names every fault at once: the config key, the bad value, and what would be right.
 */
export function parseSettings(
  raw: RawSettings,
  stack: string,
  { project = PROJECT, plain = [] }: Origin = {},
): Settings {
  const values: Partial<SettingValues> = {};
  const faults: string[] = [];
  const broken = new Set<string>();
  for (const [key, schema] of Object.entries(SETTINGS.shape)) {
    const text = raw[key] === "" ? undefined : raw[key];
    const parsed = schema.safeParse(text);
    if (parsed.success) Object.assign(values, { [key]: parsed.data });
    else {
      broken.add(key);
      faults.push(...faultsOfValue(key, text, parsed.error.issues).map((fault) => `${project}:${fault}`));
    }
  }
  for (const key of Object.keys(raw).filter((key) => !(key in SETTINGS.shape)))
    faults.push(`${project}:${key} ${formerSetting(key) ?? `is not a setting; ${guess(key)}`}`);
  for (const key of plain)
    faults.push(
      `${project}:${key} stands in Pulumi.${stack}.yaml in clear; encrypt it with \`pulumi config set --secret ${key} -s ${stack}\`. If that file is in version control, ${SECRET_SETTINGS.get(key)?.renewal ?? "renew it"} as well.`,
    );
  const between = faultsOfSettings(values).filter((fault) => !fault.keys.some((key) => broken.has(key)));
  faults.push(
    ...between.map(({ keys: [key], sentence }) => `${project}:${key}${sentence.startsWith("[") ? "" : " "}${sentence}`),
  );
  if (faults.length > 0) throw new SettingsError(refusal(stack, faults));
  const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== ""));
  return settingsFrom(SETTINGS.parse(given), stack, project);
}

function settingsFrom(values: SettingValues, stack: string, project: string): Settings {
  const { role, mode = "standby", tierOverrides, deployerArns: named, ...rest } = withEndpoints(values);
  const deployerArns = named.length > 0 ? named : undefined;
  const mirrorOwner = mirrorOwnerOf(rest);
  const common = { ...rest, project, stack, deployerArns, mirrorOwner, tiers: tiersWith(tierOverrides, TIERS) };
  if (role === "primary") return { ...common, role };
  const { supabaseOrganization = "", supabaseRegion = "" } = common;
  return { ...common, role, mode, supabaseOrganization, supabaseRegion };
}

/** The settings whose faults name the entry and its key. */
const LISTS: ReadonlySet<string> = new Set(["apps", "repositories"]);

/**
 * The faults of a setting's value. In a list they name the entry and its key. The value of a secret is not shown.
 */
function faultsOfValue(key: string, text: string | undefined, issues: readonly z.core.$ZodIssue[]): string[] {
  const schema = SETTINGS.shape[key as keyof typeof SETTINGS.shape];
  const inside = issues.filter(({ path }) => path.length > 0);
  if (inside.length === 0 || !LISTS.has(key) || text === undefined)
    return [
      `${key} ${SECRET_SETTINGS.has(key) ? hidden(text) : shown(text)}; it must be ${schema.description ?? "something else"}.`,
    ];
  return inside.map(({ path, message, ...issue }) => {
    const where = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
    if (issue.code === "unrecognized_keys")
      return `${key}${where} has ${issue.keys.join(", ")}, which ${path.length > 1 ? `${String(path.at(-1))} does` : `${key} do`} not have.`;
    const value = path.reduce<unknown>(
      (parent, step) => (parent as Record<PropertyKey, unknown> | undefined)?.[step],
      JSON.parse(text),
    );
    return `${key}${where} ${shown(value)}; it must be ${message}.`;
  });
}

function refusal(stack: string, faults: readonly string[]): string {
  const [count, are] = faults.length === 1 ? ["A setting", "is"] : [`${faults.length} settings`, "are"];
  return [
    `${count} of stack "${stack}" ${are} wrong:`,
    ...faults.map((fault) => `  - ${fault}`),
    `Change it in Pulumi.${stack}.yaml or with \`pulumi config set KEY VALUE --stack ${stack}\`.`,
  ].join("\n");
}

function guess(key: string): string {
  const keys = Object.keys(SETTINGS.shape);
  const meant = nearest(key, keys);
  return meant === undefined ? `the settings are ${keys.join(", ")}.` : `did you mean ${meant}?`;
}

function shown(value: unknown): string {
  if (value === undefined) return "is not set";
  if (typeof value !== "string") return `is ${JSON.stringify(value)}`;
  return `is ${JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)}`;
}

function hidden(text: string | undefined): string {
  return text === undefined ? "is not set" : "has a value that is not shown";
}
