import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { parse, stringify } from "yaml";
import { z } from "zod";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { IMPORTS_VARIABLE, NO_IMPORTS } from "../../settings/managedParts.ts";
import { SECRET_SETTINGS } from "../../settings/schema.ts";

const projectFile = z.looseObject({
  name: z.string(),
  main: z.string().default("."),
  config: z.record(z.string(), z.unknown()).default({}),
  plugins: z.looseObject({ providers: z.array(z.looseObject({ name: z.string(), path: z.string() })) }).optional(),
});
const stackFile = z.looseObject({ config: z.record(z.string(), z.unknown()).default({}) });

/** Keys of a stack file that belong to its own secrets; the preview has others. */
const OWN_TO_THE_STACK = ["encryptionsalt", "encryptedkey", "secretsprovider"];
/** Public providers of the program; the stand-in takes their place. */
const STOOD_IN_FOR = ["aws", "cloudflare", "github", "vercel"];
const STAND_IN = fileURLToPath(new URL("./pulumiStandIn.ts", import.meta.url));

/** A preview calls no service. These only keep programs and plugins from asking for credentials. */
export const PLACEHOLDERS = {
  AWS_ACCESS_KEY_ID: "preview",
  AWS_SECRET_ACCESS_KEY: "preview",
  VERCEL_API_TOKEN: "preview-preview-preview-1",
  GITHUB_TOKEN: "preview",
  MIRROR_GITHUB_TOKEN: "preview",
  CLOUDFLARE_API_TOKEN: "preview-preview-preview-preview-preview1",
  SUPABASE_ACCESS_TOKEN: "preview",
  // In a state that is thrown away, what is managed is new as well.
  [IMPORTS_VARIABLE]: JSON.stringify(NO_IMPORTS),
};

/** A Pulumi project and one of its stacks, as their files have them. */
export interface Workspace {
  /** The Pulumi project's name. */
  readonly project: string;
  /** Absolute path of the program's entry. */
  readonly main: string;
  /** The stack's configuration by full key, as text; undefined if a value is encrypted, which only the engine can read. */
  readonly config: Record<string, string> | undefined;
}

/**
 * Reads the files of a project and a stack, as the engine does: what the stack does not set has the project's default.
 *
 * @throws UserError if a file is missing or is not a Pulumi file
 */
export async function readWorkspace(workspace: string, stack: string): Promise<Workspace> {
  const { project, settings } = await readFiles(workspace, stack);
  const defaults = Object.entries(project.config).map(
    ([key, declared]) => [key.includes(":") ? key : `${project.name}:${key}`, defaultOf(declared)] as const,
  );
  const values = [...defaults, ...Object.entries(settings.config)].filter(([, value]) => value !== undefined);
  const isSecret = values.some(([, value]) => typeof value === "object" && value !== null && "secure" in value);
  const config = Object.fromEntries(values.map(([key, value]) => [key, asText(value)]));
  return { project: project.name, main: absoluteIn(workspace, project.main), config: isSecret ? undefined : config };
}

/** Name of the Pulumi project in a folder. UserError if there is none. */
export async function projectNameIn(workspace: string): Promise<string> {
  return (await readYaml(join(workspace, "Pulumi.yaml"), projectFile)).name;
}

/**
 * Copies the project and a stack's settings into a folder, so that a preview of a new stack of that name leaves the original files as they
 * are (the engine writes the stack's salt into its file).
 *
 * @param changed settings in place of the stack's own, by full key
 * @returns the Pulumi project's name, and the program's entry
 * @throws UserError if a file is missing or is not a Pulumi file
 */
export async function copyWorkspace(
  workspace: string,
  stack: string,
  folder: string,
  changed: Readonly<Record<string, unknown>> = {},
): Promise<{ project: string; main: string }> {
  const { project, settings } = await readFiles(workspace, stack);
  const main = absoluteIn(workspace, project.main);
  const providers = project.plugins?.providers.map((one) => ({ ...one, path: absoluteIn(workspace, one.path) }));
  const copy = { ...project, main, ...(providers && { plugins: { ...project.plugins, providers } }) };
  const all = { ...settings, config: { ...settings.config, ...changed } };
  const kept = Object.entries(all).filter(([key]) => !OWN_TO_THE_STACK.includes(key));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "Pulumi.yaml"), stringify(copy));
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), stringify(Object.fromEntries(kept)));
  return { project: project.name, main };
}

async function readFiles(workspace: string, stack: string) {
  const project = await readYaml(join(workspace, "Pulumi.yaml"), projectFile);
  const { config, ...settings } = await readYaml(join(workspace, `Pulumi.${stack}.yaml`), stackFile);
  return { project, settings: { ...settings, config: withStandInSecrets(config, project.name) } };
}

/**
 * The configuration with a placeholder for each secret setting. Only the stack's own key opens those, and a preview uses none. The shipped
 * files cannot hold the secret that a primary with an existing database needs, so it counts as set.
 */
function withStandInSecrets(config: Readonly<Record<string, unknown>>, project: string): Record<string, unknown> {
  const isSet = (key: string, value: unknown) => config[`${project}:${key}`] === value;
  const needed = isSet("role", "primary") && !isSet("database", "create") ? "databaseUrl" : undefined;
  const filled = [...SECRET_SETTINGS]
    .map(([key, { standIn }]) => [`${project}:${key}`, standIn, key === needed] as const)
    .filter(([key, , isNeeded]) => isNeeded || key in config);
  return { ...config, ...Object.fromEntries(filled.map(([key, standIn]) => [key, standIn])) };
}

function absoluteIn(workspace: string, path: string): string {
  return isAbsolute(path) ? path : resolve(workspace, path);
}

/** A declared setting has a type and a default, or a value for every stack; a plain value stands for itself. */
function defaultOf(declared: unknown): unknown {
  if (typeof declared !== "object" || declared === null) return declared;
  const { value, default: otherwise } = declared as { value?: unknown; default?: unknown };
  return value ?? otherwise;
}

/** A value as the engine passes it on: objects as JSON, their keys in order. */
function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, inOrder);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Puts stand-ins for the public providers into a folder, which then goes first on the PATH. */
export async function writeStandIns(folder: string): Promise<void> {
  await Promise.all(STOOD_IN_FOR.map((name) => writeStarter(join(folder, `pulumi-resource-${name}`), STAND_IN)));
}

/** Writes an executable that runs a script with this Node. */
export async function writeStarter(file: string, script: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`, { mode: 0o755 });
}

async function readYaml<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new UserError(
      `There is no ${file}. Run the command in the Pulumi project's folder, and name one of its stacks.`,
    );
  }
  const parsed = schema.safeParse(parse(text));
  if (!parsed.success) throw new UserError(`${file} is not a valid Pulumi file: ${messageOf(parsed.error)}`);
  return parsed.data;
}
