import { mkdir, readFile, writeFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { parse, stringify } from "yaml";
import { z } from "zod";

import { messageOf, UserError } from "../../services/common/errors.ts";

const projectFile = z.looseObject({
  name: z.string(),
  main: z.string().default("."),
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
  CLOUDFLARE_API_TOKEN: "preview-preview-preview-preview-preview1",
  SUPABASE_ACCESS_TOKEN: "preview",
};

/**
 * Copies the project and a stack's settings into a folder, so that a preview of a new stack of that name leaves the original files as they
 * are (the engine writes the stack's salt into its file).
 *
 * @returns the Pulumi project's name, and the program's entry
 * @throws UserError if a file is missing or is not a Pulumi file
 */
export async function copyWorkspace(
  workspace: string,
  stack: string,
  folder: string,
): Promise<{ project: string; main: string }> {
  const project = await readYaml(join(workspace, "Pulumi.yaml"), projectFile);
  const settings = await readYaml(join(workspace, `Pulumi.${stack}.yaml`), stackFile);
  const absolute = (path: string) => (isAbsolute(path) ? path : resolve(workspace, path));
  const main = absolute(project.main);
  const providers = project.plugins?.providers.map((one) => ({ ...one, path: absolute(one.path) }));
  const copy = { ...project, main, ...(providers && { plugins: { ...project.plugins, providers } }) };
  const kept = Object.entries(settings).filter(([key]) => !OWN_TO_THE_STACK.includes(key));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "Pulumi.yaml"), stringify(copy));
  await writeFile(join(folder, `Pulumi.${stack}.yaml`), stringify(Object.fromEntries(kept)));
  return { project: project.name, main };
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
